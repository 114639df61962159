"""Block diagrams: blocks by the names of their components, with the numbers of a design point."""

from __future__ import annotations

from matplotlib.figure import Figure

from docs.pages.figures.drawing import Box, diagram, draw_arrow
from remora.spec.bmru.scan import chain_bits
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.section import Design
from remora.spec.presets import load_design


def crossbar(preset: str) -> Figure:
    """The crossbar accelerator, with either cell."""
    design = load_design(preset, DesignPoint)
    network, formats, tile = design.network, design.formats, design.crossbar
    hidden = f"{design.hidden_tiles} tile{'s' * (design.hidden_tiles > 1)}, {design.hidden_rows} × {network.hidden}"
    readout = (
        f"{design.readout_tiles} tile{'s' * (design.readout_tiles > 1)}, {design.readout_rows} × {network.classes}"
    )
    boxes = [
        Box(1.15, 1.1, "sequence buffer", f"2 sequences, {network.max_steps} × {network.features} bytes", 0, 2.1),
        Box(3.65, 1.1, "bit streamer", f"{formats.stream_bits} planes, sign as polarity", 0),
        Box(6.0, 1.1, "crossbar, hidden layer", hidden, 1),
        Box(1.15, 3.9, "registers", "AXI4-Lite, counters, interrupt", 4, 2.1),
        Box(3.65, 3.9, "weight window", "program, verify, read back", 4),
        Box(6.0, 2.5, "crossbar, readout", readout, 1),
        Box(8.45, 2.5, "converters", f"{formats.adc_bits} bits, {tile.adc_cycles} cycles", 1, 1.9),
        Box(8.45, 3.9, "decision, answer", f"largest of {network.classes} scores", 0, 1.9),
    ]
    if design.capabilities.bistable:
        boxes.append(Box(8.45, 1.1, "bistable cells", f"{network.hidden} cells, 1 bit each", 1, 1.9))
    else:
        boxes += [
            Box(8.45, 1.1, "ADC interface", f"{formats.adc_bits} bits, {tile.adc_cycles} cycles", 0, 1.9),
            Box(10.65, 1.1, "MiRU cell", f"{design.cell.lanes} lanes, {design.folds} folds", 0, 1.7),
            Box(10.65, 2.5, "state store", f"{network.hidden} × {formats.state_bits + 1} bits", 0, 1.7),
        ]
    width = 10.2 if design.capabilities.bistable else 11.7
    figure, axes = diagram(boxes, width, 4.9 if design.capabilities.bistable else 4.45)
    draw_arrow(axes, [(0.1, 0.25), (1.15, 0.25), (1.15, 0.65)], "s_axis: packets", 0)
    draw_arrow(axes, [(2.2, 1.1), (2.65, 1.1)])
    draw_arrow(axes, [(4.65, 1.1), (5.0, 1.1)])
    draw_arrow(axes, [(7.0, 1.1), (7.5, 1.1)], "currents" if design.capabilities.bistable else "codes")
    if design.capabilities.bistable:
        draw_arrow(
            axes, [(8.45, 0.65), (8.45, 0.25), (3.65, 0.25), (3.65, 0.65)], "state bits, to the readout alone", 1
        )
    else:
        draw_arrow(axes, [(9.4, 1.1), (9.8, 1.1)])
        draw_arrow(axes, [(10.65, 1.55), (10.65, 2.05)], "states")
        draw_arrow(
            axes,
            [(11.5, 2.5), (11.62, 2.5), (11.62, 0.25), (3.65, 0.25), (3.65, 0.65)],
            "streamed words of the states",
            2,
        )
    draw_arrow(axes, [(3.65, 1.55), (3.65, 2.5), (5.0, 2.5)], "after the last step", 1)
    draw_arrow(axes, [(7.0, 2.5), (7.5, 2.5)])
    draw_arrow(axes, [(8.45, 2.95), (8.45, 3.45)], "scores")
    draw_arrow(axes, [(9.4, 3.9), (width - 0.05, 3.9)], "m_axis")
    draw_arrow(axes, [(0.02, 3.2), (1.15, 3.2), (1.15, 3.45)], "s_axil", 0)
    draw_arrow(axes, [(2.2, 3.9), (2.65, 3.9)])
    if design.capabilities.bistable:
        draw_arrow(
            axes, [(1.15, 4.35), (1.15, 4.75), (7.3, 4.75), (7.3, 1.8), (8.0, 1.8), (8.0, 1.55)], "thresholds", 1
        )
    draw_arrow(axes, [(4.65, 3.9), (6.0, 3.9), (6.0, 2.95)], "pulses, sense", 0)
    return figure


def bmru(preset: str) -> Figure:
    """The keyword spotter: the core with its controller."""
    design = load_design(preset, Design)
    network = design.network
    boxes = [
        Box(1.25, 1.1, "frame buffer", f"2 frames of {network.features} features", 0, 2.1),
        Box(3.9, 1.1, "frame sequencer", f"{design.cycles.frame} cycles a frame", 0),
        Box(6.4, 1.1, "core", f"{network.blocks} blocks of {network.width} cells", 1),
        Box(8.7, 1.1, "vote, wake-up", f"{design.vote.frames} frames", 0, 1.7),
        Box(8.7, 2.6, "reporter, answer", "frames and votes", 0, 1.7),
        Box(1.25, 2.6, "registers", "AXI4-Lite, counters, interrupt", 4, 2.1),
        Box(3.9, 2.6, "scan loader", f"{chain_bits(design):,} bits, check word", 4),
    ]
    figure, axes = diagram(boxes, 10.2, 3.2)
    draw_arrow(axes, [(0.1, 0.25), (1.25, 0.25), (1.25, 0.65)], "s_axis: frames", 0)
    draw_arrow(axes, [(2.3, 1.1), (2.9, 1.1)])
    draw_arrow(axes, [(4.9, 1.1), (5.4, 1.1)], "strobes")
    draw_arrow(axes, [(7.4, 1.1), (7.85, 1.1)], "class")
    draw_arrow(axes, [(8.7, 1.55), (8.7, 2.15)])
    draw_arrow(axes, [(9.55, 2.6), (10.15, 2.6)], "m_axis")
    draw_arrow(axes, [(0.02, 1.9), (1.25, 1.9), (1.25, 2.15)], "s_axil", 0)
    draw_arrow(axes, [(2.3, 2.6), (2.9, 2.6)])
    draw_arrow(axes, [(4.9, 2.6), (6.4, 2.6), (6.4, 1.55)], "scan chain", 0)
    return figure
