"""The hardware: vectors in, the crossbar read plane by plane, the largest code out."""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, ResetSignal, Signal, signed

from remora.hdl.lib.answer import Answer
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.hierarchy import add_macro, add_submodule
from remora.hdl.lib.top import AxiTop
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import BEAT_BYTES
from remora_perceptron.design import FEATURE_BITS, PerceptronDesign

TILE = "weights"
"""Instance of the crossbar, and its memory image."""


class Perceptron(AxiTop):
    """A packet of `remora.spec.lib.packets` with one step comes in at ``s_axis``, its answer goes out at ``m_axis``.

    Whole packets only: one of another length is answered from what is left of the one before.
    """

    design: PerceptronDesign

    def elaborate(self, platform) -> Module:
        m, _ = self.begin()
        network, converter = self.design.network, self.design.converter
        answer = add_submodule(m, "answer", Answer(self.design, converter.adc_bits))
        packets = AxiStream(BEAT_BYTES).flip().create()
        self.connect_streams(m, packets, answer.stream)
        beats = -(-network.features // BEAT_BYTES)
        vector = Array(Signal(8 * BEAT_BYTES, name=f"features_{beat}") for beat in range(beats))
        beat, plane = Signal(range(beats + 1)), Signal(range(FEATURE_BITS))
        flags, tag = Signal(8), Signal(8)
        integrate, sample, convert, valid = Signal(), Signal(), Signal(), Signal()
        codes = Signal(converter.adc_bits * network.classes)
        taken = packets.tvalid & packets.tready
        m.d.comb += [answer.flags.eq(flags), answer.tag.eq(tag), answer.scores.eq(codes)]
        self._add_crossbar(m, vector, plane, integrate, sample, convert, codes, valid)
        self._decide(m, answer.decision, codes)
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += packets.tready.eq(1)
                m.d.sync += beat.eq(0)
                with m.If(taken):
                    m.d.sync += [flags.eq(packets.tdata[16:24]), tag.eq(packets.tdata[24:])]
                    m.next = "VECTOR"
            with m.State("VECTOR"):
                m.d.comb += packets.tready.eq(1)
                with m.If(taken):
                    with m.If(beat < beats):
                        m.d.sync += [vector[beat].eq(packets.tdata), beat.eq(beat + 1)]
                    with m.If(packets.tlast):
                        m.next = "PLANES"
            with m.State("PLANES"):
                m.d.comb += integrate.eq(1)
                m.d.sync += plane.eq(plane + 1)
                with m.If(plane == FEATURE_BITS - 1):
                    m.next = "SAMPLE"
            with m.State("SAMPLE"):
                m.d.comb += sample.eq(1)
                m.next = "CONVERT"
            with m.State("CONVERT"):
                m.d.comb += convert.eq(1)
                m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += answer.push.eq(valid)
                with m.If(valid & answer.ready):
                    m.next = "HEADER"
        return m

    def _decide(self, m: Module, decision: Signal, codes: Signal) -> None:
        """The first of the largest codes."""
        bits = self.design.converter.adc_bits
        best, winner = codes[:bits].as_signed(), Const(0, len(decision))
        for index in range(1, self.design.network.classes):
            score = Signal(signed(bits), name=f"score_{index}")
            larger = Signal(name=f"larger_{index}")
            m.d.comb += [score.eq(codes.word_select(index, bits)), larger.eq(score > best)]
            best, winner = Mux(larger, score, best), Mux(larger, index, winner)
        m.d.comb += decision.eq(winner)

    def _add_crossbar(self, m: Module, vector: Array, plane: Signal, *controls: Signal) -> None:
        network, converter = self.design.network, self.design.converter
        integrate, sample, convert, codes, valid = controls
        rows, column_bits = network.features, unsigned_width(network.classes - 1)
        positive = Signal(rows)
        for row in range(rows):
            byte = vector[row // BEAT_BYTES].word_select(row % BEAT_BYTES, FEATURE_BITS)
            m.d.comb += positive[row].eq(byte.bit_select(plane, 1))
        add_macro(
            m, TILE, "remora_crossbar", p_ROWS=rows, p_COLUMNS=network.classes, p_COLUMN_BITS=column_bits,
            p_PLANE_BITS=len(plane), p_ADC_BITS=converter.adc_bits, p_ADC_SHIFT=self.design.adc_shift,
            p_ADC_CYCLES=converter.adc_cycles, p_LEVELS=converter.levels, p_NAME=TILE,
            i_clk=self.aclk, i_reset=ResetSignal(), i_wl_pos=positive, i_wl_neg=Const(0, rows), i_plane=plane,
            i_integrate=integrate, i_integrator=Const(0, 1), i_sample=sample, i_convert=convert, o_code=codes,
            o_valid=valid,
            # Nothing is programmed: the weights come from the memory image.
            i_column=Const(0, column_bits), i_up=Const(0, rows), i_down=Const(0, rows), i_side=Const(0, rows),
            i_pulse=Const(0, 1),
        )  # fmt: skip
