"""Toggles by block: which nets a block counts, and that nothing is passed over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from remora.flow.generate.macros.shapes import Contract, Kind, Macros, MacroShape
from remora.flow.verify.saif import Instance, Net, Saif, SaifError
from remora.flow.verify.toggles import Activity, count_toggles, toggle_report
from remora.hdl.lib.hierarchy import Library, Port
from remora.hdl.lib.verilog import Netlist

PORTS = {"clk": Port("input", 1), "aclk": Port("input", 1), "a": Port("input", 2), "y": Port("output", 2)}
SHAPE = MacroShape(
    "tile",
    "tile_2",
    {},
    {"clk": Port("input", 1), "plane": Port("input", 2), "current": Port("input", 1), "code": Port("output", 3)},
    Contract(Kind.HARD, "clk", (), wires=("current",)),
)


def made() -> tuple[Saif, Netlist, Macros]:
    """A top with two lanes, one of which has a macro."""
    library = Library()
    library.ports |= {"top": PORTS, "lane": PORTS}
    library.children |= {"top": {"lane_0": "lane", "lane_1": "lane", "tile": "tile"}, "lane": {}}
    lanes = {
        f"lane_{index}": Instance({"clk": Net(1, 20), "a": Net(2, 9), "y": Net(2, index), "rst_early": Net(1, 5)})
        for index in range(2)
    }
    tile = Instance(
        {"clk": Net(1, 20), "plane": Net(2, 7), "current": Net(64, 0), "code": Net(3, 4), "held": Net(9, 9)}
    )
    dut = Instance(
        {"aclk": Net(1, 20), "clk": Net(1, 4), "a": Net(2, 3), "y": Net(2, 4), "inner": Net(5, 6)},
        {**lanes, "tile": tile},
    )
    root = Instance({}, {"remora_harness": Instance({"x": Net(1, 1)}, {"dut": dut})})
    return (
        Saif(Path("a.saif"), 100, "1ps", root),
        Netlist("top", "", library),
        Macros({"tile_2": SHAPE}, {"tile": "tile_2"}),
    )


def test_a_block_counts_the_nets_that_it_drives():
    counted = count_toggles(*made())
    assert counted.cycles == 10
    assert counted.blocks == {"top": Activity(1, 2, 7, 10), "lane": Activity(2, 2, 4, 1)}
    assert counted.macro_inputs == {"tile": Activity(1, 1, 2, 7)}


def forget(name: str) -> Callable[[Instance], None]:
    return lambda dut: dut.instances.pop(name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (forget("lane_1"), "a.saif: instance lane_1 is missing"),
        (forget("tile"), "a.saif: instance tile is missing"),
        (lambda dut: dut.instances["tile"].nets.pop("plane"), "input plane of the macro tile has not 2 bits"),
        (
            lambda dut: dut.instances["tile"].nets.update(plane=Net(1, 7)),
            "input plane of the macro tile has not 2 bits",
        ),
        (lambda dut: dut.nets.pop("aclk"), "no cycle, no net or no pin of a macro was recorded"),
        (lambda dut: dut.nets.update(aclk=Net(1, 1)), "no cycle, no net or no pin"),
    ],
)
def test_what_was_not_recorded_is_refused(change, words):
    saif, netlist, macros = made()
    change(saif.root.find("remora_harness.dut"))
    with pytest.raises(SaifError, match=words):
        count_toggles(saif, netlist, macros)


def test_a_host_that_tells_no_phase_is_refused(tmp_path):
    empty = tmp_path / "a.saif"
    empty.touch()
    for paths in ((empty, empty), (tmp_path / "none.saif", empty)):
        with pytest.raises(SaifError, match="nothing was recorded; the host must tell its phases"):
            toggle_report(None, *paths)


def test_nothing_counted_is_refused():
    saif, netlist, macros = made()
    with pytest.raises(SaifError, match="instance remora_harness.dut is missing"):
        count_toggles(Saif(saif.path, 100, "1ps", Instance()), netlist, macros)
    with pytest.raises(SaifError, match="no pin of a macro was recorded"):
        netlist.library.children["top"].pop("tile")
        count_toggles(saif, netlist, Macros({}, {}))
