"""Timing of a step and a readout: the strobes of the sequencer itself, as Amaranth's simulator records them."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Bar, Row, draw_rows, new_figure
from remora.hdl.crossbar.sequencer import Sequencer
from remora.spec.crossbar.cycles import PIN
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Flag
from remora.spec.presets import load_design

STEPS = 2
LIMIT = 2000
"""Most cycles that a recording waits for the answer."""
STROBES = {
    "fetch features": ("sequences.reader.read", 5),
    "integrate hidden": ("hidden.integrate", 0),
    "sample hidden": ("hidden.sample", 1),
    "convert hidden": ("hidden.convert", 4),
    "issue folds": ("cell.issue", 2),
    "settle": ("cell.settle", 2),
    "step done": ("step_done.valid", 3),
    "integrate readout": ("readout.integrate", 0),
    "sample readout": ("readout.sample", 1),
    "convert readout": ("readout.convert", 4),
    "decide": ("decision.start", 2),
    "answer": ("answer.push", 3),
}
"""Row → port of the sequencer, and number of the colour."""


def record(design: DesignPoint) -> list[dict[str, int]]:
    """Outputs of the sequencer in every cycle of a sequence of `STEPS` steps, from the cycle in which it starts.

    Around it stand a converter that takes ``adc_cycles`` from its pins on, a cell that stores the words of a fold two
    cycles after its issue, and a decision that takes a cycle a class.

    Raises:
        ValueError: the design point has shorter sequences.
        RuntimeError: no answer comes.
    """
    if design.network.max_steps < STEPS:
        raise ValueError(f"'{design.name}' has sequences of {design.network.max_steps} steps; the figure has {STEPS}")
    from amaranth.sim import Simulator

    sequencer = Sequencer(design)
    outputs = {
        ".".join(map(str, path)): port
        for path, member, port in sequencer.signature.flatten(sequencer)
        if str(member.flow) == "Out"
    }
    cycles: list[dict[str, int]] = []

    async def drive(context) -> None:
        context.set(sequencer.run, 1)
        context.set(sequencer.sequences.arrived.available, 1)
        context.set(sequencer.sequences.arrived.length, STEPS)
        context.set(sequencer.sequences.arrived.flags, int(Flag.INFER))
        context.set(sequencer.sequences.header.flags, int(Flag.INFER))
        context.set(sequencer.answer.ready, 1)
        answers = (
            ("hidden.convert", sequencer.hidden.valid, PIN + design.crossbar.adc_cycles),
            ("readout.convert", sequencer.readout.valid, PIN + design.crossbar.adc_cycles),
            ("decision.start", sequencer.decision.done, design.network.classes),
        )
        words = [(0, 0)]
        waits = dict.fromkeys((strobe for strobe, _, _ in answers), 0)
        while not (cycles and cycles[-1]["answer.push"]):
            if len(cycles) == LIMIT:
                raise RuntimeError(f"the sequencer gave no answer within {LIMIT} cycles")
            cycles.append({name: int(context.get(port)) for name, port in outputs.items()})
            for strobe, _, after in answers:
                waits[strobe] = after if cycles[-1][strobe] else max(0, waits[strobe] - 1)
            await context.tick()
            for strobe, valid, _ in answers:
                context.set(valid, waits[strobe] == 1)
            if not design.capabilities.bistable:
                words.append(
                    (cycles[-1]["cell.issue"] and cycles[-1]["cell.fold"] == design.folds - 1, cycles[-1]["cell.last"])
                )
                ends, last = words.pop(0)
                context.set(sequencer.ended.valid, ends)
                context.set(sequencer.ended.last, last)

    simulator = Simulator(sequencer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return cycles


def phases(design: DesignPoint) -> list[Row]:
    """Rows of the figure: every strobe that the sequencer gives, a bar wherever it is high; a conversion to its end."""
    cycles = record(design)
    rows = []
    for title, (port, colour) in STROBES.items():
        bars: list[Bar] = []
        for cycle, outputs in enumerate(cycles):
            if outputs.get(port):
                lasts = PIN + design.crossbar.adc_cycles if port.endswith("convert") else 1
                bars.append(Bar(cycle, lasts, _label(port, outputs), colour))
        if bars:
            rows.append(Row(title, bars))
    return rows


def _label(port: str, outputs: dict[str, int]) -> str:
    if port.endswith("convert"):
        return "converting"
    planes = {"hidden.integrate": "streaming.plane"}
    counted = {**planes, "readout.integrate": "readout_streaming.plane", "cell.issue": "cell.fold"}.get(port)
    return str(outputs[counted]) if counted else ""


def draw(preset: str) -> Figure:
    """The figure of a preset; a step takes as many cycles as the design point says."""
    design = load_design(preset, DesignPoint)
    rows = phases(design)
    done = [bar.start for row in rows for bar in row.bars if row.name == "step done"]
    assert done[1] - done[0] == design.cycles.step, "the sequencer and the design point differ about a step"
    figure, axes = new_figure(8.6, 0.29 * len(rows) + 0.9)
    draw_rows(axes, rows, f"clock cycle; {STEPS} steps of {design.cycles.step} cycles each, then the readout")
    for start in (1.0, *done):
        axes.axvline(start + 1, color="#808080", linewidth=0.7, linestyle=":")
    return figure
