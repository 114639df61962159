"""Learning engine: after a sequence's readout, walks its history and updates the weights column by column."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accumulator_store import AccumulatorStore
from hdl.crossbar_array import program_port
from hdl.delta_unit import DeltaUnit
from hdl.error_unit import ERROR_BITS, ErrorUnit
from hdl.feedback_unit import FeedbackUnit
from hdl.hierarchy import place
from hdl.history import History
from hdl.learning_lane import gradient_bits
from hdl.outer_product import OuterProduct
from hdl.write_controller import WriteController
from spec.design import FEATURE_BITS, DesignPoint
from spec.fixed import signed_width, unsigned_width
from spec.learning import feedback_bound


class LearningEngine(wiring.Component):
    """Direct feedback alignment as :mod:`golden.learning` has it, mode `accumulate`; weights change only here, between
    ``start`` and ``done``.

    While a sequence is inferred: ``keep_words`` stores ``words`` as streamed in ``step``, and ``keep_codes`` ``codes``
    of ``fold`` of that step.

    ``start`` for one cycle, with ``scores``, ``label``, ``length`` and ``words`` (now those of the readout) stable
    until ``done``, which is high for one cycle. Columns of the hidden layer in order, then those of the readout. A
    hidden column takes ``length + 5`` cycles, a readout column three; either more where the feedback or the pulses of
    the column before are not ready. ``read_features`` with ``feature_step`` asks for ``features`` of the next cycle.
    ``applied``, ``dropped``: device pulses launched, and given up, in this cycle.

    A reset stops at once: pulses under way end, those not launched are lost, and ``clearing`` is high while all χ are
    cleared; no sequence may start meanwhile.

    ``update`` is high when ``column`` (readout columns counted after the hidden ones) is written back: then
    ``gradients`` and ``accumulators`` are its sums and its new χ, ``feedback`` its f.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, formats = design.network, design.formats
        self._product, self._writer = OuterProduct(design), WriteController(design)
        self._columns = network.hidden + network.classes
        step = unsigned_width(network.max_steps - 1)
        super().__init__(
            {
                "context_index": In(unsigned_width(design.system.contexts - 1)),
                "step": In(step),
                "keep_words": In(1),
                "words": In((formats.stream_bits + 1) * network.hidden),
                "keep_codes": In(1),
                "fold": In(unsigned_width(design.folds - 1)),
                "codes": In(formats.adc_bits * design.cell.lanes),
                "clearing": Out(1),
                "start": In(1),
                "done": Out(1),
                "length": In(range(network.max_steps + 1)),
                "label": In(16),
                "scores": In(formats.adc_bits * network.classes),
                "read_features": Out(1),
                "feature_step": Out(step),
                "features": In(FEATURE_BITS * network.features),
                "program_hidden": Out(program_port(design)),
                "program_readout": Out(program_port(design)),
                "applied": Out(self._writer.applied.shape()),
                "dropped": Out(self._writer.dropped.shape()),
                "error": Out(ERROR_BITS * network.classes),
                "feedback": Out(signed(signed_width(feedback_bound(design)))),
                "update": Out(1),
                "column": Out(range(self._columns)),
                "gradients": Out(gradient_bits(design) * design.hidden_rows),
                "accumulators": Out(design.learning.accumulator_bits * design.hidden_rows),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        self._error = place(m, "error_unit", ErrorUnit(design))
        self._source = place(m, "feedback_unit", FeedbackUnit(design))
        self._history = place(m, "history", History(design))
        self._delta = place(m, "delta_unit", DeltaUnit(design))
        self._store = place(m, "store", AccumulatorStore(design))
        place(m, "product", self._product)
        place(m, "writer", self._writer)
        wiring.connect(m, wiring.flipped(self.program_hidden), self._writer.program_hidden)
        wiring.connect(m, wiring.flipped(self.program_readout), self._writer.program_readout)

        readout = Signal()
        """The columns are those of the readout."""
        self._connect_error(m)
        self._connect_history(m)
        last_of_layer = self._count_columns(m, readout)
        walking, restart, settled = Signal(), Signal(), Signal()
        self._walk(m, walking, restart, settled, readout)
        self._connect_update(m, readout)
        self._control(m, walking, restart, settled, readout, last_of_layer)
        return m

    def _control(self, m: Module, walking, restart, settled, readout, last_of_layer) -> None:
        product, writer, store, source = self._product, self._writer, self._store, self._source
        step = Signal.like(self._history.code_step)
        m.d.comb += self._history.code_step.eq(step)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.comb += self._error.start.eq(1)
                    m.next = "ERROR"
            with m.State("ERROR"):
                with m.If(self._error.done):
                    m.d.comb += source.start.eq(1)
                    m.next = "FETCH"

            with m.State("FETCH"):
                m.d.comb += restart.eq(1)
                m.d.sync += [step.eq(0), self.feedback.eq(source.feedback)]
                with m.If(source.valid):
                    m.d.comb += [source.take.eq(1), store.read.eq(1)]
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += walking.eq(1)
                m.d.sync += step.eq(step + 1)
                with m.If(step + 1 == self.length):
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                with m.If(settled):
                    m.next = "UPDATE"
            with m.State("UPDATE"):
                with m.If(writer.ready):
                    m.d.comb += self.update.eq(1)
                    m.next = "FETCH"
                    with m.If(last_of_layer):
                        m.d.sync += readout.eq(1)
                        m.next = "READOUT_FETCH"

            with m.State("READOUT_FETCH"):
                m.d.comb += store.read.eq(1)
                m.next = "READOUT_PRODUCT"
            with m.State("READOUT_PRODUCT"):
                m.d.comb += [product.enable.eq(1), product.first.eq(1)]
                m.next = "READOUT_UPDATE"
            with m.State("READOUT_UPDATE"):
                with m.If(writer.ready):
                    m.d.comb += self.update.eq(1)
                    m.next = "READOUT_FETCH"
                    with m.If(last_of_layer):
                        m.d.sync += readout.eq(0)
                        m.next = "FINISH"
            with m.State("FINISH"):
                # A sequence may read the crossbars only after the last pulse.
                with m.If(writer.ready):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"

    def _connect_error(self, m: Module) -> None:
        m.d.comb += [
            self._error.label.eq(self.label),
            self._error.scores.eq(self.scores),
            self.error.eq(self._error.error),
            self._source.error.eq(self._error.error),
        ]

    def _connect_history(self, m: Module) -> None:
        history = self._history
        m.d.comb += [
            history.context_index.eq(self.context_index),
            history.write_step.eq(self.step),
            history.write_words.eq(self.keep_words),
            history.words.eq(self.words),
            history.write_codes.eq(self.keep_codes),
            history.write_fold.eq(self.fold),
            history.codes.eq(self.codes),
        ]

    def _count_columns(self, m: Module, readout: Signal):
        """Where the present column lies: tile, fold and lane of the history; whether it is its layer's last."""
        design, lane = self.design, Signal(unsigned_width(self.design.cell.lanes - 1))
        fold, column_tile = Signal.like(self.fold), Signal.like(self._writer.column_tile)
        within = Signal.like(self._writer.column)
        self._class_index = Signal(unsigned_width(design.network.classes - 1))
        last_of_layer = Signal()
        m.d.comb += [
            last_of_layer.eq(self.column == Mux(readout, self._columns - 1, design.network.hidden - 1)),
            self._writer.layer.eq(readout),
            self._writer.column_tile.eq(column_tile),
            self._writer.column.eq(within),
            self._history.code_fold.eq(fold),
            self._delta.code.eq(self._history.read_code_data.word_select(lane, design.formats.adc_bits)),
        ]
        with m.If(self.update):
            m.d.sync += [self.column.eq(self.column + 1), lane.eq(lane + 1), within.eq(within + 1)]
            with m.If(lane == design.cell.lanes - 1):
                m.d.sync += [lane.eq(0), fold.eq(fold + 1)]
            with m.If(within == design.crossbar.columns - 1):
                m.d.sync += [within.eq(0), column_tile.eq(column_tile + 1)]
            with m.If(readout):
                m.d.sync += self._class_index.eq(self._class_index + 1)
            with m.If(last_of_layer):
                m.d.sync += [lane.eq(0), fold.eq(0), within.eq(0), column_tile.eq(0), self._class_index.eq(0)]
                with m.If(readout):
                    m.d.sync += self.column.eq(0)
        return last_of_layer

    def _walk(self, m: Module, walking, restart, settled, readout) -> None:
        """Three stages behind the code's read: code, derivative, product; ``settled`` while the last is being added."""
        history, product = self._history, self._product
        word_step, step_bits = Signal.like(self.feature_step), len(self.feature_step)
        code_valid, delta_next, delta_valid, first = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [
            code_valid.eq(walking),
            delta_next.eq(code_valid),
            delta_valid.eq(delta_next),
            first.eq(word_step == 0),
        ]
        with m.If(restart):
            m.d.sync += word_step.eq(0)
        with m.Elif(delta_next):
            m.d.sync += word_step.eq((word_step + 1)[:step_bits])
        error = self._error.error.word_select(self._class_index, ERROR_BITS).as_signed()
        m.d.comb += [
            history.read_codes.eq(walking),
            self._delta.feedback.eq(self.feedback),
            # The word meets the delta, which is two cycles later than the code.
            history.read_words.eq(delta_next),
            history.word_step.eq(word_step),
            self.read_features.eq(delta_next),
            self.feature_step.eq(word_step),
            settled.eq(~code_valid & ~delta_next),
            product.features.eq(self.features),
            product.words.eq(Mux(readout, self.words, history.read_word_data)),
            product.readout.eq(readout),
            product.delta.eq(Mux(readout, error, self._delta.delta)),
        ]
        with m.If(delta_valid):
            # The first step streams states of 0.
            m.d.comb += [product.enable.eq(1), product.first.eq(first), product.zero_states.eq(first)]

    def _connect_update(self, m: Module, readout: Signal) -> None:
        product, writer, store = self._product, self._writer, self._store
        m.d.comb += [
            store.column.eq(self.column),
            store.write.eq(self.update),
            store.data.eq(product.next_accumulators),
            self.clearing.eq(store.clearing),
            product.accumulators.eq(store.accumulators),
            writer.start.eq(self.update),
            writer.counts.eq(product.pulses),
            writer.raised.eq(product.raised),
            self.gradients.eq(product.gradients),
            self.accumulators.eq(product.next_accumulators),
            self.applied.eq(writer.applied),
            self.dropped.eq(writer.dropped),
        ]
