"""Synthesis of small designs: registered pins, fan-out, constants, and blocks in a path."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.shapes import ENABLE_GATE, Macros
from remora.flow.signoff.buffering import buffer_fanout
from remora.flow.signoff.netlist import Netlist, NetlistError
from remora.flow.signoff.pins import fanout, gated_share, macro_inputs
from remora.flow.signoff.result import figures
from remora.flow.signoff.synthesis import Hierarchy
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.spec.crossbar.layout import Layer
from tests.flow.generate.macros.test_liberty import GATE
from tests.flow.signoff.designs import Blocks, Fan, Strobes
from tests.flow.signoff.test_timing import chain, gate
from tests.hdl.designs import DESIGNS


@pytest.mark.parametrize(("registered", "share"), [(True, 1.0), (False, 2 / 3)])
def test_a_strobe_that_comes_from_a_gate_is_counted(synthesise, registered, share):
    made = synthesise(lambda: Strobes(registered), "remora_bistable")
    inputs = macro_inputs(made.netlist)
    assert inputs.wanted == 3 and inputs.share == pytest.approx(share)
    assert inputs.others == (() if registered else ("remora_bistable.settle",))
    assert set(inputs.exempt) == {
        f"remora_bistable.{pin}" for pin in ("cell_index", "load_low", "load_high", "threshold")
    }
    assert gated_share(made.netlist) == 0
    assert figures(made, ASSUMPTIONS)["flip_flops"] == (4 if registered else 3)


def test_pins_that_a_larger_macro_leaves_over_are_constant(synthesise):
    """They are counted apart, and every other pin comes straight from a flip-flop, ``column`` too."""
    fits = DESIGNS["signed"]
    larger, inputs = fits.evolve(crossbar={"macro_rows": 7, "macro_columns": 11}), []
    for design in (fits, larger):
        netlist = synthesise(partial(CrossbarArray, design, Layer.READOUT), "remora_crossbar").netlist
        inputs.append(macro_inputs(netlist))
        cells = set(netlist.macros.instances.values())
    assert cells == {"remora_crossbar_7x11"}
    assert inputs[0].share == inputs[1].share == 1 and inputs[0].wanted == inputs[1].wanted > 20
    # Of two tiles, of 4 and of 2 rows and both of 2 columns: 5 pins a row, and 3 of the 4 bits of a column.
    assert inputs[1].tied - inputs[0].tied == 5 * (3 + 5) + 2 * 3


@pytest.mark.parametrize(("kind", "share"), [("BUFX2", 1.0), ("INVX1", 2 / 3)])
def test_a_buffer_on_the_way_to_a_pin_counts_as_wire(synthesise, kind, share):
    netlist = synthesise(lambda: Strobes(registered=True), "remora_bistable").netlist
    pins = netlist.cells["cells"]["connections"]
    netlist.cells["between"] = gate(kind, A=pins["settle"][0], Y=10_000)
    pins["settle"] = [10_000]
    netlist.check()
    assert macro_inputs(netlist).share == pytest.approx(share)


@pytest.mark.parametrize("sinks", [100, 40])
def test_a_net_of_many_sinks_gets_a_tree(library, sinks):
    netlist = chain(1, library)
    for one in range(sinks):
        netlist.cells[f"s{one}"] = gate("DFFPOSX1", CLK=2, D=10, Q=1000 + one)
    before = fanout(netlist)
    assert (before.most, before.clocks["clk"]) == (sinks + 1, sinks + 2)
    assert buffer_fanout(netlist, ASSUMPTIONS.max_fanout) > 1
    netlist.check()
    after = fanout(netlist)
    assert after.most <= ASSUMPTIONS.max_fanout and after.clocks == before.clocks
    # Each of them still hears the same flip-flop, through buffers alone.
    drivers = netlist.drivers()
    for one in range(sinks):
        pin = drivers[netlist.cells[f"s{one}"]["connections"]["D"][0]]
        while pin.cell.startswith("fanout_buffer"):
            pin = drivers[netlist.cells[pin.cell]["connections"]["A"][0]]
        assert pin.cell == "first"


def test_fan_out_is_bounded_in_what_is_timed(synthesise, tmp_path):
    made = synthesise(lambda: Fan(100, shared=1))
    found = figures(made, ASSUMPTIONS)
    assert found["flip_flops"] == 101 and 8 < found["max_fanout"] <= ASSUMPTIONS.max_fanout
    assert found["clock_fanout"] == {"clk": 101} and found["registered_macro_inputs"] is None


@pytest.mark.parametrize(("sinks", "shared", "gates"), [(40, 40, 1), (40, 20, 2), (40, 4, 10), (40, 3, 0), (3, 3, 0)])
def test_flip_flops_with_one_enable_share_a_clock_gate(synthesise, sinks, shared, gates):
    """From four of them on; fewer take multiplexers."""
    made = synthesise(lambda: Fan(sinks, shared))
    found = figures(made, ASSUMPTIONS)
    placed = [cell for cell in made.netlist.cells.values() if cell["type"] == ENABLE_GATE.cell]
    enables = -(-sinks // shared)
    assert len(placed) == gates and found["flip_flops"] == sinks + enables
    assert found["gated_share"] == (sinks / (sinks + enables) if gates else 0)
    # A flip-flop behind a gate needs a reset of its input at most: a NOR2X1 and an INVX1.
    least = 96 * (sinks + enables) + gates * ASSUMPTIONS.clock_gate_area
    assert least < found["area_um2"] and (found["area_um2"] < least + 44 * sinks + 100 * enables) == bool(gates)


def test_blocks_of_a_path_are_named(synthesise):
    made = synthesise(Blocks, hierarchy=Hierarchy.HIERARCHICAL)
    assert made.timing.setup.blocks == ("adder", "hold")
    arrivals = [step.arrival for step in made.timing.setup.steps]
    assert all(one <= other for one, other in pairwise(arrivals))
    assert {made.netlist.block_of(name) for name in made.netlist.flip_flops()} == {"adder", "hold"}


def test_flip_flops_behind_a_clock_gate_are_counted(library):
    netlist = chain(1, library)
    cell = gate("gate_1", clk=2, enable=3, gated=20)
    cell["port_directions"]["gated"] = "output"
    netlist = Netlist(netlist.document, "top", Macros({"gate_1": GATE}, {"gate": "gate_1"}), {}, library)
    netlist.cells["gate"] = cell
    netlist.cells["last"]["connections"]["CLK"] = [20]
    netlist.check()
    assert gated_share(netlist) == 1 / 2
    assert netlist.clock_ports() == ["clk"] and netlist.clock_nets() == {2, 20}
    # A clock that comes from logic is no clock gate.
    netlist.cells["u1"] = gate("INVX1", A=2, Y=30)
    netlist.cells["last"]["connections"]["CLK"] = [30]
    with pytest.raises(NetlistError, match="comes from u1, which is no clock gate"):
        netlist.clock_ports()
