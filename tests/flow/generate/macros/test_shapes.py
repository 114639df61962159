"""Descriptions of the macros' pins: they agree with the reference page and with the blackboxes."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from remora.flow.generate.macros.shapes import Kind, MacroError, MacroShape, find_macros
from remora.flow.generate.parts import MACROS
from remora.flow.systems.registry import system_of
from remora.hdl.lib.verilog import convert
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.flow.signoff.conftest import parts_of
from tests.hdl.designs import DESIGNS

ROOT = Path(__file__).parents[4]
PAGES = ("macros.md", "bmru.md")
ALSO_REGISTERED = {"reset", "column", "scan_in", "scan_enable", "scan_capture", "enable"}
"""Inputs of domain digital that must come from a flip-flop too."""
KINDS = {"remora_memory": Kind.MEMORY, "remora_clock_gate": Kind.CLOCK_GATE}
"""Macros that are not of the kind ``hard``."""
FOLLOWS = re.compile(r"`?(\w+)`?, in the same cycle|^sense of `(\w+)`:")
"""What the page says of outputs that have an arc from an input: sense flags settle in the cycles after it changes."""
ROW = re.compile(r"^\| `(\w+)` \| (in|out) \| (.+?) \| (digital|boundary) \| (.*) \|$", re.MULTILINE)


def tables() -> dict[str, list[tuple[str, ...]]]:
    """Rows of the table of signals of each macro: name, direction, width, domain, meaning."""
    found = {}
    for page in PAGES:
        text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
        for heading, section in re.findall(r"^## `(remora_\w+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
            found[heading] = ROW.findall(section)
    return found


@cache
def shapes_of_every_macro() -> dict[str, MacroShape]:
    """Macro → a shape of it, from small design points."""
    found = {}
    for small in (DESIGNS["powers"].evolve(cell={"kind": "bmru"}), load_design("kws", Design)):
        design = small.evolve(system={"small_memory_bits": 0})
        parts = system_of(design).parts(design, None)
        macros = find_macros(parts, convert(parts.top(), "remora"))
        found |= {macros.shapes[cell].module: macros.shapes[cell] for cell in macros.instances.values()}
    return found


def test_descriptions_say_what_the_reference_page_says():
    pages, shapes = tables(), shapes_of_every_macro()
    assert pages.keys() == shapes.keys() == {path.stem for path in MACROS.glob("*.toml")}
    for module, rows in pages.items():
        shape, contract = shapes[module], shapes[module].contract
        assert {(name, f"{way}put") for name, way, *_ in rows} == {
            (name, port.direction) for name, port in shape.ports.items()
        }
        boundary = {name for name, way, _, domain, _ in rows if (way, domain) == ("in", "boundary")}
        wanted = boundary - set(contract.wires) | (ALSO_REGISTERED & {name for name, way, *_ in rows if way == "in"})
        assert set(contract.registered) == wanted, module
        follows = {name: (found[1] or found[2],) for name, *_, text in rows if (found := FOLLOWS.search(text))}
        assert dict(contract.follows) == follows, module
        assert set(contract.wires) == ({"current"} & shape.ports.keys())
        assert contract.kind is KINDS.get(module, Kind.HARD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("registered = [", 'registered = ["wl_nil", '), "registered: wl_nil: remora_bistable_blackbox.v has no"),
        (('size = ["ROW_TILES"', 'size = ["ROWS"'), "size: ROWS: remora_bistable_blackbox.v has no such parameter"),
        (('kind = "hard"', 'kind = "digital"'), "no description of a macro's pins: 'digital' is not a valid Kind"),
        (('high = ["cell_index"]', 'high = ["cell"]'), "follows: cell: remora_bistable_blackbox.v has no such pin"),
        (None, "there is no remora_bistable.toml beside its blackbox"),
    ],
)  # fmt: skip
def test_a_wrong_description_is_named(tmp_path, change, message):
    for name in ("remora_bistable.toml", "remora_bistable_blackbox.v"):
        (tmp_path / name).write_bytes((MACROS / name).read_bytes())
    path = tmp_path / "remora_bistable.toml"
    if change is None:
        path.unlink()
    else:
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change))
    parts = replace(parts_of(None, "remora_bistable"), macro_folders=(tmp_path,))
    with pytest.raises(MacroError, match=re.escape(message)):
        find_macros(parts, None)
