"""Learning engine: after a sequence's readout, walks its history and updates the weights column by column."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.accumulator_store import AccumulatorStore
from remora.hdl.learning.delta_unit import DeltaUnit
from remora.hdl.learning.error_unit import ERROR_BITS, ErrorUnit
from remora.hdl.learning.feedback_unit import FeedbackUnit
from remora.hdl.learning.history import History
from remora.hdl.learning.learning_column import LearningColumn
from remora.hdl.learning.learning_lane import gradient_bits
from remora.hdl.learning.outer_product import OuterProduct
from remora.hdl.learning.rounding_unit import RoundingUnit
from remora.hdl.learning.winner_unit import WinnerUnit
from remora.hdl.learning.write_controller import WriteController
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, feedback_bound
from remora.spec.lib.fixed import signed_width, unsigned_width

WRITES = ("applied", "dropped", "devices", "layer_written")


class LearningEngine(wiring.Component):
    """Direct feedback alignment as :mod:`remora.golden.learning.dfa` has it; weights change only here, between
    ``start`` and ``done``.

    ``scores``, ``label``, ``length``, ``words`` (now those of the readout), ``seed``, the rates and ``winners`` are
    stable from ``start`` until ``done``. Columns of the hidden layer in order, then those of the readout, each in
    ``learning_folds`` folds, which take ``fold`` and ``readout_fold`` cycles of `remora.spec.crossbar.cycles.Cycles`;
    more where the feedback or the pulses of the column before are not ready; a column that does not learn takes
    `remora.spec.crossbar.cycles.SKIPPED_COLUMN`.

    A reset stops at once: pulses under way end, those not launched are lost.

    Rules L1, L2 and L17.

    Ports:
        context_index: of the step that is inferred.
        step: the step that is inferred.
        keep_words: stores ``words`` as those of ``step``.
        words: as streamed.
        keep_codes: stores ``codes`` as those of ``fold`` of ``step``.
        fold: their fold.
        codes: ``lanes`` of them.
        seed: of all random numbers.
        hidden_rate_shift: halvings of the hidden layer's rate.
        readout_rate_shift: halvings of the readout's rate.
        winners: hidden units that learn, of a design that selects.
        load_updates: sets ``updates`` to ``updates_value``, while idle.
        updates_value: what is loaded.
        updates: q, the number of the present or last update.
        clearing: all χ are being cleared after a reset; no sequence may start.
        start: an update begins; high for one cycle.
        stop: end after the column at hand.
        done: an update ends; high for one cycle.
        learned: with ``done``, it is complete.
        preparing: errors and feedback of the first column are not ready yet.
        stopped: with ``done``, it was cut short.
        columns_done: how many columns of the update are committed or skipped.
        length: steps of the sequence.
        label: of the sequence.
        scores: of its readout.
        read_features: asks for the features of ``feature_step``.
        feature_step: the step that is asked for.
        features: in the cycle after ``read_features``.
        program_hidden: programs the hidden layer.
        program_readout: programs the readout.
        applied: as of :class:`remora.hdl.learning.write_controller.WriteController`.
        dropped: as there.
        devices: as there.
        layer_written: as there.
        error: for the monitor, of all classes.
        feedback: for the monitor, f of the column at hand.
        update: for the monitor, a fold is committed.
        skipped: for the monitor, the column does not learn.
        column: for the monitor, readout columns counted after the hidden ones.
        fold_index: for the monitor, the fold that is committed.
        gradients: for the monitor, the sums of the fold.
        accumulators: for the monitor, the new χ of the fold, of a design that accumulates.
        host: reaches the χ while idle, of a design that accumulates.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, formats, learning = design.network, design.formats, design.learning
        self._product, self._writer = OuterProduct(design), WriteController(design)
        self._columns = network.hidden + network.classes
        self.accumulates = learning.update == "accumulate"
        self._store = AccumulatorStore(design) if self.accumulates else None
        step = unsigned_width(network.max_steps - 1)
        accumulating = {
            "accumulators": Out(learning.accumulator_bits * design.learning_lanes),
            "host": In(self._store.host_port),
        } if self._store else {}  # fmt: skip
        super().__init__(
            {
                "context_index": In(unsigned_width(design.system.contexts - 1)),
                "step": In(step),
                "keep_words": In(1),
                "words": In((formats.stream_bits + 1) * network.hidden),
                "keep_codes": In(1),
                "fold": In(unsigned_width(design.folds - 1)),
                "codes": In(formats.adc_bits * design.cell.lanes),
                "seed": In(WORD),
                "hidden_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "readout_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                **({"winners": In(unsigned_width(network.hidden))} if design.capabilities.selects else {}),
                "load_updates": In(1),
                "updates_value": In(WORD),
                "updates": Out(WORD),
                "clearing": Out(1),
                "start": In(1),
                "stop": In(1),
                "done": Out(1),
                "learned": Out(1),
                "preparing": Out(1),
                "stopped": Out(1),
                "columns_done": Out(range(self._columns + 1)),
                "length": In(range(network.max_steps + 1)),
                "label": In(16),
                "scores": In(formats.adc_bits * network.classes),
                "read_features": Out(1),
                "feature_step": Out(step),
                "features": In(FEATURE_BITS * network.features),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                **{name: Out(getattr(self._writer, name).shape()) for name in WRITES},
                "error": Out(ERROR_BITS * network.classes),
                "feedback": Out(signed(signed_width(feedback_bound(design)))),
                "update": Out(1),
                "skipped": Out(1),
                "column": Out(range(self._columns)),
                "fold_index": Out(unsigned_width(design.learning_folds - 1)),
                "gradients": Out(gradient_bits(design) * design.learning_lanes),
                **accumulating,
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        self._error = add_submodule(m, "error_unit", ErrorUnit(design))
        unit = WinnerUnit if design.capabilities.selects else FeedbackUnit
        # What a stop has cut short is forgotten with it.
        self._source = add_submodule(
            m, "winner_unit" if design.capabilities.selects else "feedback_unit", unit(design), reset=self.done
        )
        self._history = add_submodule(m, "history", History(design))
        self._delta = add_submodule(m, "delta_unit", DeltaUnit(design))
        self._learning_column = add_submodule(m, "learning_column", LearningColumn(design))
        add_submodule(m, "product", self._product)
        add_submodule(m, "writer", self._writer)
        wiring.connect(m, wiring.flipped(self.program_hidden), self._writer.program_hidden)
        wiring.connect(m, wiring.flipped(self.program_readout), self._writer.program_readout)

        self._connect_error(m)
        self._connect_history(m)
        self._connect_column(m)
        walking, restart, settled, fetch, ready = Signal(), Signal(), Signal(), Signal(), Signal()
        self._walk(m, walking, restart, settled)
        if self._store:
            self._connect_store(m, self._store, fetch, ready)
        else:
            self._connect_rounding(m, fetch, ready)
        self._connect_update(m)
        self._control(m, walking, restart, settled, fetch, ready)
        return m

    def _control(self, m: Module, walking, restart, settled, fetch, ready) -> None:
        product, writer, source, column = self._product, self._writer, self._source, self._learning_column
        learns = source.learns if self.design.capabilities.selects else 1
        step = Signal.like(self._history.code_step)
        # A column is handed to the write controller with its last fold.
        commit = Signal()
        m.d.comb += [self._history.code_step.eq(step), commit.eq(ready & (writer.ready | ~column.last_fold))]
        with m.If(self.load_updates):
            m.d.sync += self.updates.eq(self.updates_value)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.comb += [self._error.start.eq(1), column.restart.eq(1)]
                    m.d.sync += [self.updates.eq(self.updates + 1), self.columns_done.eq(0)]
                    m.next = "ERROR"
            with m.State("ERROR"):
                m.d.comb += self.preparing.eq(1)
                with m.If(self._error.done):
                    m.d.comb += source.start.eq(1)
                    m.next = "COLUMN"
            with m.State("COLUMN"):
                m.d.comb += [restart.eq(1), self.preparing.eq((self.columns_done == 0) & ~source.valid)]
                m.d.sync += [step.eq(0), self.feedback.eq(source.feedback)]
                with m.If(self.stop):
                    m.next = "FINISH"
                with m.Elif(source.valid):
                    m.d.comb += [source.take.eq(1), fetch.eq(learns)]
                    m.next = "WALK"
                    if self.design.capabilities.selects:
                        with m.If(~learns):
                            m.next = "SKIP"
            if self.design.capabilities.selects:
                with m.State("SKIP"):
                    m.d.comb += [self.skipped.eq(1), column.next_column.eq(1)]
                    m.d.sync += self.columns_done.eq(self.column + 1)
                    m.next = "COLUMN"
                    with m.If(column.last_of_layer):
                        m.next = "READOUT_FETCH"
            with m.State("FOLD"):
                m.d.comb += [restart.eq(1), fetch.eq(1)]
                m.d.sync += step.eq(0)
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
                with m.If(commit):
                    self._commit(m, "FOLD", "COLUMN", "READOUT_FETCH")
            with m.State("READOUT_FETCH"):
                m.d.comb += fetch.eq(1)
                m.next = "READOUT_PRODUCT"
                with m.If(self.stop & (column.fold_index == 0)):
                    m.next = "FINISH"
            with m.State("READOUT_PRODUCT"):
                m.d.comb += [product.enable.eq(1), product.first.eq(1)]
                m.next = "READOUT_UPDATE"
            with m.State("READOUT_UPDATE"):
                with m.If(commit):
                    self._commit(m, "READOUT_FETCH", "READOUT_FETCH", "FINISH")
            with m.State("FINISH"):
                # A sequence may read the crossbars only after the last pulse.
                with m.If(writer.ready):
                    m.d.comb += [
                        self.done.eq(1),
                        self.learned.eq(self.columns_done == self._columns),
                        self.stopped.eq(~self.learned),
                    ]
                    m.next = "IDLE"

    def _commit(self, m: Module, next_fold: str, next_column: str, after_layer: str) -> None:
        """Write a fold back, and say where to go."""
        m.d.comb += self.update.eq(1)
        m.next = next_fold
        with m.If(self._learning_column.last_fold):
            m.d.comb += self._learning_column.next_column.eq(1)
            m.d.sync += self.columns_done.eq(self.column + 1)
            m.next = next_column
            with m.If(self._learning_column.last_of_layer):
                m.next = after_layer
        with m.Else():
            m.d.comb += self._learning_column.next_fold.eq(1)

    def _connect_error(self, m: Module) -> None:
        m.d.comb += [
            self._error.label.eq(self.label),
            self._error.scores.eq(self.scores),
            self.error.eq(self._error.error),
            self._source.error.eq(self._error.error),
            self._source.seed.eq(self.seed),
        ]
        if self.design.capabilities.selects:
            m.d.comb += self._source.winners.eq(self.winners)

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

    def _connect_column(self, m: Module) -> None:
        column = self._learning_column
        m.d.comb += [
            self.column.eq(column.column),
            self.fold_index.eq(column.fold_index),
            self._writer.layer.eq(column.readout),
            self._writer.column_tile.eq(column.column_tile),
            self._writer.column.eq(column.column_of_tile),
            self._history.code_fold.eq(column.code_fold),
            self._delta.code.eq(
                self._history.read_code_data.word_select(column.code_lane, self.design.formats.adc_bits)
            ),
        ]

    def _walk(self, m: Module, walking, restart, settled) -> None:
        """Three stages behind the code's read: code, derivative, product; ``settled`` while the last is being added."""
        history, product, readout = self._history, self._product, self._learning_column.readout
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
        error = self._error.error.word_select(self._learning_column.class_index, ERROR_BITS).as_signed()
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
            product.rate_shift.eq(Mux(readout, self.readout_rate_shift, self.hidden_rate_shift)),
            product.fold_index.eq(self._learning_column.fold_index),
            product.delta.eq(Mux(readout, error, self._delta.delta)),
        ]
        with m.If(delta_valid):
            # The first step streams states of 0.
            m.d.comb += [product.enable.eq(1), product.first.eq(first), product.zero_states.eq(first)]

    def _connect_store(self, m: Module, store: AccumulatorStore, fetch, ready) -> None:
        """χ of a fold are read before it is walked, and written back with it."""
        add_submodule(m, "store", store)
        product = self._product
        wiring.connect(m, wiring.flipped(self.host), store.host)
        m.d.comb += [
            ready.eq(1),
            self.clearing.eq(store.clearing),
            store.read.eq(fetch),
            store.address.eq(self._learning_column.word),
            store.write.eq(self.update),
            store.data.eq(product.next_accumulators),
            product.accumulators.eq(store.accumulators),
            self.accumulators.eq(product.next_accumulators),
        ]

    def _connect_rounding(self, m: Module, fetch, ready) -> None:
        """Random numbers of a fold are drawn while it is walked."""
        rounding = add_submodule(m, "rounding", RoundingUnit(self.design))
        m.d.comb += [
            rounding.seed.eq(self.seed),
            rounding.update_number.eq(self.updates),
            rounding.start.eq(fetch),
            rounding.readout.eq(self._learning_column.readout),
            rounding.column.eq(self._learning_column.column_of_layer),
            rounding.fold_index.eq(self._learning_column.fold_index),
            self._product.random.eq(rounding.random),
            ready.eq(rounding.done),
        ]

    def _connect_update(self, m: Module) -> None:
        """Pulses of the folds before the last wait for it."""
        design, product, writer = self.design, self._product, self._writer
        rows, folds, lanes = design.hidden_rows, design.learning_folds, design.learning_lanes
        bits = unsigned_width(design.learning.max_pulses)
        counts, raised = [product.pulses], [product.raised]
        for index in reversed(range(folds - 1)):
            kept_counts = Signal(bits * lanes, name=f"counts_{index}")
            kept_raised = Signal(lanes, name=f"raised_{index}")
            with m.If(self.update & (self._learning_column.fold_index == index)):
                m.d.sync += [kept_counts.eq(product.pulses), kept_raised.eq(product.raised)]
            counts.insert(0, kept_counts)
            raised.insert(0, kept_raised)
        m.d.comb += [
            writer.start.eq(self.update & self._learning_column.last_fold),
            writer.counts.eq(Cat(*counts)[: bits * rows]),
            writer.raised.eq(Cat(*raised)[:rows]),
            self.gradients.eq(product.gradients),
            *(getattr(self, name).eq(getattr(writer, name)) for name in WRITES),
        ]
