"""Timing of a step and a readout: the strobes of the sequencer itself, as Amaranth's simulator records them."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Bar, Row, draw_rows, new_figure
from remora.hdl.crossbar.sequencer import Sequencer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

STEPS = 2
LIMIT = 2000
"""Most cycles that a recording waits for the answer."""
STROBES = {
    "integrate hidden": ("integrate_hidden", 0),
    "sample hidden": ("sample_hidden", 1),
    "convert hidden": ("convert_hidden", 4),
    "issue folds": ("issue", 2),
    "step done": ("step_done", 3),
    "fetch features": ("read", 5),
    "integrate readout": ("integrate_readout", 0),
    "sample readout": ("sample_readout", 1),
    "convert readout": ("convert_readout", 4),
    "decide": ("decide", 2),
    "answer": ("push", 3),
}
"""Row → port of the sequencer, and number of the colour."""


def record(design: DesignPoint) -> list[dict[str, int]]:
    """Outputs of the sequencer in every cycle of a sequence of `STEPS` steps, from the cycle in which it starts.

    Around it stand a converter that takes ``adc_cycles`` and a decision that takes a cycle a class.

    Raises:
        ValueError: the design point has shorter sequences.
        RuntimeError: no answer comes.
    """
    if design.network.max_steps < STEPS:
        raise ValueError(f"'{design.name}' has sequences of {design.network.max_steps} steps; the figure has {STEPS}")
    from amaranth.sim import Simulator

    sequencer = Sequencer(design)
    names = [name for name in sequencer.signature.members if str(sequencer.signature.members[name].flow) == "Out"]
    cycles: list[dict[str, int]] = []

    async def drive(context) -> None:
        context.set(sequencer.run, 1)
        context.set(sequencer.available, 1)
        context.set(sequencer.length, STEPS)
        context.set(sequencer.answer_ready, 1)
        waits = {"hidden_valid": 0, "readout_valid": 0, "decided": 0}
        while not (cycles and cycles[-1]["push"]):
            if len(cycles) == LIMIT:
                raise RuntimeError(f"the sequencer gave no answer within {LIMIT} cycles")
            now = {name: int(context.get(getattr(sequencer, name))) for name in names}
            cycles.append(now)
            for strobe, valid, after in (
                ("convert_hidden", "hidden_valid", design.crossbar.adc_cycles),
                ("convert_readout", "readout_valid", design.crossbar.adc_cycles),
                ("decide", "decided", design.network.classes),
            ):
                waits[valid] = after if now.get(strobe) else max(0, waits[valid] - 1)
            await context.tick()
            for valid, left in waits.items():
                if hasattr(sequencer, valid):
                    context.set(getattr(sequencer, valid), left <= 1)

    simulator = Simulator(sequencer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return cycles


def phases(design: DesignPoint) -> list[Row]:
    """Rows of the figure: every strobe that the sequencer has, a bar wherever it is high; a conversion to its end."""
    cycles = record(design)
    rows = []
    for title, (port, colour) in STROBES.items():
        if port not in cycles[0]:
            continue
        bars: list[Bar] = []
        for cycle, outputs in enumerate(cycles):
            if outputs[port]:
                lasts = design.crossbar.adc_cycles if port.startswith("convert") else 1
                bars.append(Bar(cycle, lasts, _label(port, outputs), colour))
        rows.append(Row(title, bars))
    return rows


def _label(port: str, outputs: dict[str, int]) -> str:
    if port.startswith("convert"):
        return "converting"
    counted = {"integrate_hidden": "plane", "integrate_readout": "plane", "issue": "fold"}.get(port)
    return str(outputs[counted]) if counted else ""


def draw(preset: str) -> Figure:
    """The figure of a preset; a step takes as many cycles as the design point says."""
    design = load_design(preset, DesignPoint)
    rows = phases(design)
    done = [bar.start for row in rows for bar in row.bars if row.name == "step done"]
    assert done[1] - done[0] == design.cycles.step, "the sequencer and the design point differ about a step"
    figure, axes = new_figure(8.6, 0.29 * len(rows) + 0.9)
    draw_rows(axes, rows, f"clock cycle; {STEPS} steps of {design.cycles.step} cycles each, then the readout")
    for start in (0.0, *done):
        axes.axvline(start + 1, color="#808080", linewidth=0.7, linestyle=":")
    return figure
