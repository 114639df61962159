"""How a learning engine is connected with the verifier of its pulses."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from remora.hdl.learning.update.update_walk import UpdateWalk
from remora.hdl.learning.verify.pulse_verifier import PulseVerifier
from remora.hdl.learning.write_controller import WriteController
from remora.hdl.lib.reading import Wordlines
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout


def verify_ports(design: DesignPoint, verifier: PulseVerifier) -> dict[str, Member]:
    """Ports of an engine that verifies."""
    members = verifier.signature.members
    return {
        "verify_feedback": In(members["feedback"].shape),
        **{name: members[name] for name in ("stretch", "given_up", "crossbars")},
        "wordlines": Out(Wordlines(design)),
    }


def connect_verifier(
    m: Module, engine: wiring.Component, verifier: PulseVerifier, update: UpdateWalk, writer: WriteController
) -> None:
    """Rows are read around the pulses that the writer gives, and accumulators corrected beside the walk."""
    wiring.connect(m, writer.verified, verifier.tile)
    wiring.connect(m, wiring.flipped(engine.crossbars), verifier.crossbars)
    m.d.comb += [
        verifier.stretch.integrate.eq(engine.stretch.integrate),
        verifier.stretch.settle.eq(engine.stretch.settle),
        verifier.give_up.eq(engine.give_up),
        verifier.feedback.eq(engine.verify_feedback),
        engine.given_up.eq(verifier.given_up),
        update.corrects.eq(verifier.corrects),
        update.correction.eq(verifier.correction),
        update.corrected_row.eq(verifier.corrected_row),
        update.corrected_column.eq(verifier.corrected_column),
    ]
    drive_row(m, verifier.design, verifier, engine.wordlines)


def drive_row(m: Module, design: DesignPoint, verifier: PulseVerifier, wordlines: wiring.PureInterface) -> None:
    """Put the row that a verifier drives on the wordlines of its layer."""
    rows = len(verifier.driven)
    for layer in Layer:
        layout = layer_layout(design, layer)
        for first in range(0, layout.rows, rows):
            here = (verifier.layer == layer) & (verifier.row_tile == first // rows)
            lines = getattr(wordlines, f"{layer.name.lower()}_pos")[first : first + rows]
            m.d.comb += lines.eq(Mux(here, verifier.driven, 0))
