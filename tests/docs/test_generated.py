"""Generated parts of the site: nothing of the sources is missing, and what is shown is what the sources say."""

from __future__ import annotations

import re
from enum import IntEnum

import pytest
import typer

from docs.pages import commands, fields, macros, modules, mutants, packets, ports, records, registers
from docs.pages.designs import documented
from docs.pages.figures import FIGURES, step, write_figures
from docs.pages.tables import table
from remora.flow.cli import COMMANDS, make_app
from remora.flow.faults.mutants.recipe import known_blocks
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import register_map
from remora.spec.lib.roles import roles_of
from remora.spec.lib.section import Design
from remora.spec.lib.trace import record_types
from remora.spec.presets import load_design, preset_names


def rows(text: str) -> list[list[str]]:
    """Rows of all tables of a text, cells without their code marks; heads are among them."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    return [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_command_and_option_is_listed():
    text, counted = commands.commands(), 0
    for name in COMMANDS:
        command = typer.main.get_command(make_app([name])).commands[name]
        section = text.partition(f"\n## `remora {name}`\n")[2].partition("\n## ")[0]
        children = list(getattr(command, "commands", {}).values()) or [command]
        for each in children:
            for parameter in each.params:
                for option in (word for word in parameter.opts if word.startswith("--")):
                    assert f"`{option}`" in section, f"{name} lacks {option}"
                    counted += 1
    assert counted > 50


def test_every_block_has_what_became_of_its_mutants_or_is_said_to_lack_it():
    text = mutants.mutants()
    head, *counts, total = rows(text)
    assert head[:5] == ["block", "mutants", "equivalent", "killed", "survived"] and counts
    for row in [*counts, total]:
        drawn, equivalent, killed, survived = map(int, row[1:5])
        assert drawn == equivalent + killed + survived, row[0]
    assert int(total[1]) == sum(int(row[1]) for row in counts)
    assert all(f"`{name}`" in text for name in known_blocks())


@pytest.mark.parametrize("preset", ["mnist", "kws"])
def test_every_field_is_listed_with_its_role(preset):
    design = load_design(preset, Design)
    shown, section = {}, ""
    for line in fields.fields(preset).splitlines():
        section = (re.match(r"### `\[(.+)\]`", line) or [None, section])[1]
        if found := re.match(r"\| `(\w+)` \|", line):
            shown[f"{section}.{found[1]}" if section else found[1]] = rows(line)[0][3]
    assert shown == {path: role.value for path, role in roles_of(type(design)).items()} and len(shown) > 30


def test_defaults_and_ranges_are_those_of_the_field():
    text = fields.fields("mnist")
    assert "| `stream_bits` | `8` | 2 … 8 |" in text and "| `enabled` | `false` | true, false |" in text
    assert "| `update` | `accumulate` | accumulate, direct |" in text


def test_every_preset_is_listed():
    assert [row[0] for row in rows(fields.presets())[1:]] == preset_names()


@pytest.mark.parametrize("name", ["learning", "bistable", "bmru"])
def test_every_register_and_record_is_listed(name):
    design = documented(name)
    text = registers.registers(name)
    names = [register.name for register in register_map(design)]
    assert len(names) > 40 and [each for each in names if not re.search(rf"\b{each}\b", text)] == []
    text = records.records(name)
    for kind, dtype in record_types(design).items():
        section = text.partition(f"### `{kind}.bin`")[2].partition("### ")[0]
        assert [row[1] for row in rows(section)[1:]] == list(dtype.names)


def test_the_documented_design_points_have_every_capability():
    learning, bistable = documented("learning"), documented("bistable")
    assert all((learning.capabilities.learns, learning.capabilities.selects, learning.capabilities.replays))
    assert bistable.capabilities.bistable


def test_every_module_is_listed():
    listed = {name for room in modules.rooms() for name in (f"{room.path}/{module}.py" for module in room.modules)}
    there = {
        str(path.relative_to(modules.ROOT))
        for layer in modules.LAYERS
        for path in (modules.ROOT / layer).rglob("*.py")
        if path.read_text(encoding="utf-8").strip()
    }
    assert len(there) > 200 and sorted(there - listed) == [], "modules without a docstring"


def test_parameters_and_ports_are_those_of_the_sources():
    assert rows(macros.parameters("remora_memory"))[1:][0][0] == "WIDTH"
    assert len(rows(macros.parameters("remora_crossbar"))) == 16
    shown = {row[0]: row[2] for row in rows(ports.ports("remora.hdl.cells.miru_cell.MiruCell", "tiny"))}
    assert shown["columns.code"] == "24" and shown["control.fold"] == "2"


class Sample(IntEnum):
    """For the test below."""

    ONE = 1
    """The first.

    More."""
    TWO = 2


def test_members_are_shown_with_the_strings_below_them():
    assert packets.member_docstrings(Sample)["ONE"].startswith("The first.")
    shown = rows(packets.enumeration(f"{__name__}.Sample"))
    assert shown == [["name", "value", "meaning"], ["ONE", "1", "The first. More."], ["TWO", "2", ""]]


def test_a_table_without_rows_or_with_uneven_rows_is_refused():
    assert table(("a", "b"), [("x|y", "one\ntwo")]) == "| a | b |\n| --- | --- |\n| x\\|y | one two |"
    with pytest.raises(ValueError, match="has no row"):
        table(("a", "b"), [])
    with pytest.raises(ValueError, match="a row of 1 cells under a head of 2"):
        table(("a", "b"), [("x",)])


@pytest.mark.parametrize("preset", ["mnist", "mnist-bmru", "tiny", "mnist256"])
def test_the_timing_figure_shows_what_the_design_point_says(preset):
    design = load_design(preset, DesignPoint)
    shown = {row.name: row.bars for row in step.phases(design)}
    assert len(shown["integrate hidden"]) == step.STEPS * design.formats.stream_bits
    assert len(shown.get("issue folds", [])) == (0 if design.capabilities.bistable else step.STEPS * design.folds)
    assert [bar.label for bar in shown["integrate readout"]] == [str(plane) for plane in range(design.readout_planes)]
    first, second = (bar.start for bar in shown["step done"])
    assert second - first == design.cycles.step
    assert shown["answer"][0].start - second == design.cycles.readout


def test_figures_are_the_same_bytes_again(tmp_path):
    write_figures(tmp_path / "one")
    write_figures(tmp_path / "two")
    for stem in FIGURES:
        first, second = (tmp_path / folder / f"{stem}.svg" for folder in ("one", "two"))
        assert first.read_bytes() == second.read_bytes() and first.read_bytes().startswith(b"<?xml")
