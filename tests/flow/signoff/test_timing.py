"""Timing: a chain of inverters against its Liberty tables, and netlists that were not read whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.liberty import liberty
from remora.flow.generate.macros.shapes import Macros
from remora.flow.signoff.netlist import Netlist, NetlistError
from remora.flow.signoff.synthesis import MACROS_FILE, write_netlist
from remora.flow.signoff.timing import analyse, require_whole, worst_path
from remora.flow.tools.opensta import TimingError
from remora.flow.tools.yosys import YosysError
from tests.flow.signoff.designs import Strobes

EDGES = ("rise", "fall")
TOLERANCE = 0.001
INVERTERS = 60
"""Enough that the chain takes longer than the way to an output."""


def chain(length: int, library) -> Netlist:
    """Two flip-flops with ``length`` inverters between them; the second drives an output."""
    cells = {"first": gate("DFFPOSX1", CLK=2, D=3, Q=10), "last": gate("DFFPOSX1", CLK=2, D=10 + length, Q=4)}
    cells |= {f"u{one}": gate("INVX1", A=10 + one, Y=11 + one) for one in range(length)}
    ports = {"clk": ("input", 2), "data": ("input", 3), "q": ("output", 4)}
    module = {
        "attributes": {"top": 1},
        "ports": {name: {"direction": way, "bits": [bit]} for name, (way, bit) in ports.items()},
        "cells": cells,
        "netnames": {name: {"bits": [bit], "hide_name": 0, "attributes": {}} for name, (_, bit) in ports.items()},
    }
    return Netlist({"creator": "test", "modules": {"top": module}}, "top", Macros({}, {}), {}, library)


def gate(kind: str, **pins: int) -> dict:
    """A cell of a netlist."""
    ways = {name: "output" if name in ("Y", "Q") else "input" for name in pins}
    return {
        "hide_name": 0, "type": kind, "parameters": {}, "attributes": {}, "port_directions": ways,
        "connections": {name: [bit] for name, bit in pins.items()},
    }  # fmt: skip


class Tables:
    """Tables of one cell of a Liberty file, read by this test's own means."""

    def __init__(self, path: Path, cell: str) -> None:
        text = path.read_text()
        self.text = text[text.index(f"cell ({cell}) ") :]
        self.text = self.text[: self.text.index("\n}\n")]

    def capacitance(self, pin: str, edge: str) -> float:
        body = self.text[self.text.index(f"pin({pin})") :]
        return float(re.search(rf"{edge}_capacitance : ([\d.]+)", body)[1])

    def at(self, table: str, first: float, second: float) -> float:
        """Value of a table with two indices between, or beyond, its entries."""
        body = re.search(rf"{table}\(\w+\) \{{(.*?)\}}", self.text, re.DOTALL)[1]
        rows, columns = (np.array(re.search(rf'index_{k} \("(.*?)"', body)[1].split(","), float) for k in (1, 2))
        values = np.array(re.findall(r"-?[\d.]+", body[body.index("values") :]), float).reshape(len(rows), len(columns))
        row, column = self._below(rows, first), self._below(columns, second)
        x = (first - rows[row]) / (rows[row + 1] - rows[row])
        y = (second - columns[column]) / (columns[column + 1] - columns[column])
        corner = values[row : row + 2, column : column + 2]
        return float(np.array([1 - x, x]) @ corner @ np.array([1 - y, y]))

    @staticmethod
    def _below(index: np.ndarray, value: float) -> int:
        return int(np.clip(np.searchsorted(index, value) - 1, 0, len(index) - 2))


def expected_period(cells: Path, length: int) -> float:
    """Shortest period of `chain` by hand: flip-flop, inverters, setup, uncertainty, for the slower of both edges."""
    flop, inverter = Tables(cells, "DFFPOSX1"), Tables(cells, "INVX1")
    periods = []
    for edge in EDGES:
        load = inverter.capacitance("A", edge) + ASSUMPTIONS.fanout_capacitance
        delay, slew = (flop.at(f"{what}", load, 0.0) for what in (f"cell_{edge}", f"{edge}_transition"))
        for one in range(length):
            edge = EDGES[1 - EDGES.index(edge)]
            sink = flop.capacitance("D", edge) if one == length - 1 else inverter.capacitance("A", edge)
            load = sink + ASSUMPTIONS.fanout_capacitance
            step, slew = (inverter.at(what, load, slew) for what in (f"cell_{edge}", f"{edge}_transition"))
            delay += step
        setup = flop.text[flop.text.index("setup_rising") :]
        table = Tables.__new__(Tables)
        table.text = setup
        periods.append(delay + table.at(f"{edge}_constraint", 0.0, slew) + ASSUMPTIONS.clock_uncertainty)
    return max(periods)


def run(netlist: Netlist, cells: Path, folder: Path):
    (folder / MACROS_FILE).write_text(liberty(netlist.macros.shapes.values(), ASSUMPTIONS))
    write_netlist(netlist, cells, folder, "chain")
    return analyse(netlist, cells, folder, "chain", ASSUMPTIONS)


def test_a_chain_of_inverters_takes_what_the_tables_say(cells, library, tmp_path):
    timing = run(chain(INVERTERS, library), cells, tmp_path)
    by_hand = 1000 / expected_period(cells, INVERTERS)
    print(f"{timing.mhz:.2f} MHz, by hand {by_hand:.2f}")
    assert timing.mhz == pytest.approx(by_hand, rel=TOLERANCE)
    assert len(timing.setup.steps) == INVERTERS + 3
    assert (timing.setup.steps[0].pin, timing.setup.steps[-1].pin) == ("first/CLK", "last/D")
    # The input, 2 ns after the clock, reaches the first flip-flop last of all; the chain is far from a hold problem.
    assert timing.hold.slack > 0


def test_a_constant_that_cuts_a_path_is_refused(cells, library, tmp_path):
    netlist = chain(4, library)
    netlist.cells["u2"]["connections"]["A"] = ["x"]
    with pytest.raises(NetlistError, match=r"u2, pin A\[0\]: the constant 'x' would cut the paths"):
        netlist.check()
    # What is wrong in the netlist itself is found before Yosys or OpenSTA see it.
    netlist = chain(4, library)
    netlist.cells["u2"]["connections"]["Y"] = [999]
    with pytest.raises(NetlistError, match=r"u3, pin A\[0\]: nothing drives"):
        netlist.check()
    netlist = chain(4, library)
    netlist.cells["u2"]["connections"]["Y"] = [11]
    with pytest.raises(NetlistError, match="has two drivers: u0 and u2"):
        netlist.check()


def test_a_known_constant_is_followed_through_gates(library):
    netlist = chain(4, library)
    netlist.cells["u1"]["connections"]["A"] = ["1"]
    netlist.check()
    assert netlist.constants() == {12: False, 13: True, 14: False}


def test_a_cell_that_no_library_knows_is_no_silent_black_box(cells, library, tmp_path):
    netlist = chain(4, library)
    netlist.cells["u2"]["type"] = "INVX3"
    with pytest.raises(YosysError, match="INVX3"):
        run(netlist, cells, tmp_path)


def test_a_netlist_of_which_opensta_lacks_a_part_is_refused(library):
    netlist = chain(2, library)
    whole = "cells 4\ntype DFFPOSX1 1\ntype INVX1 1\n"
    require_whole(netlist, whole)
    with pytest.raises(TimingError, match="4 cells were written, 3 are known"):
        require_whole(netlist, whole.replace("cells 4", "cells 3"))
    with pytest.raises(TimingError, match="takes INVX1 for a black box"):
        require_whole(netlist, whole.replace("INVX1 1", "INVX1 0"))


def test_opensta_is_stopped_at_a_macro_that_its_libraries_lack(synthesise, cells, tmp_path):
    made = synthesise(lambda: Strobes(registered=True), "remora_bistable")
    text = (tmp_path / MACROS_FILE).read_text()
    (tmp_path / MACROS_FILE).write_text(text.replace("cell (remora_bistable", "cell (another"))
    with pytest.raises(TimingError, match="remora_bistable_1x4"):
        analyse(made.netlist, cells, tmp_path, "flat", ASSUMPTIONS)
    # A netlist with a line that OpenSTA does not understand, as a parameter would be.
    (tmp_path / MACROS_FILE).write_text(text)
    verilog = (tmp_path / "flat.v").read_text()
    (tmp_path / "flat.v").write_text(verilog.replace("remora_bistable_1x4 cells", "remora_bistable_1x4 #(.A(1)) cells"))
    with pytest.raises(TimingError, match="syntax error"):
        analyse(made.netlist, cells, tmp_path, "flat", ASSUMPTIONS)


def test_the_worst_path_is_that_of_any_group(library):
    """OpenSTA reports a path for each group, and that of what sets a flip-flop without a clock comes first."""
    group = """Startpoint: {0} (input port)
Endpoint: first (rising edge-triggered flip-flop)

   0.0100    0.1000    2.0000    2.5000 ^ {0}/Q (DFFPOSX1)
                                 2.5000   data arrival time

                                 {1}   slack (MET)

"""
    report = group.format("first", "7.7000") + group.format("last", "4.2500") + group.format("first", "5.0000")
    found = worst_path(chain(1, library), report)
    assert (found.slack, found.steps[0].pin) == (4.25, "last/Q")
    with pytest.raises(TimingError, match="no path"):
        worst_path(chain(1, library), "No paths found.")
