"""Learning engine: after a sequence's readout, walks its history and updates the weights, group by group of columns."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.error_unit import ERROR_BITS, ErrorUnit
from remora.hdl.learning.group_feedback import GroupFeedback, feedback_bits
from remora.hdl.learning.rounding_unit import RoundingUnit
from remora.hdl.learning.update.column_group import ColumnGroup, GroupPosition
from remora.hdl.learning.update.fault_map import FaultMap
from remora.hdl.learning.update.gradient_lane import gradient_bits
from remora.hdl.learning.update.gradient_walk import GradientWalk
from remora.hdl.learning.update.pulse_queue import PulseQueue
from remora.hdl.learning.update.update_walk import UpdateWalk
from remora.hdl.learning.verify.connection import connect_verifier, verify_ports
from remora.hdl.learning.verify.pulse_verifier import PulseVerifier
from remora.hdl.learning.write_controller import WriteController
from remora.hdl.lib.fault_marks import MarkedColumn
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import MOST_RATE_SHIFT
from remora.spec.crossbar.update_cycles import HANDED_ON, SUMMED
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.fixed import unsigned_width

WRITES = ("applied", "dropped", "devices", "layer_written")
HISTORY = ("context_index", "step", "keep_words", "words", "keep_codes", "fold", "codes")
"""What the walk over the history stores while a sequence is inferred."""
UPDATED = ("updated", "updated_column", "updated_fold", "updated_lane", "accumulators")
"""What the monitor sees of accumulators."""


class LearningEngine(wiring.Component):
    """Direct feedback alignment as :mod:`remora.golden.learning.dfa` has it; weights change only here, between
    ``start`` and ``done``.

    ``scores``, ``label``, ``length``, ``words`` (now those of the readout), ``seed``, the rates and ``winners`` are
    stable from ``start`` until ``done``. Groups of columns of the hidden layer in order, then of the readout, each in
    ``learning_folds`` folds. While the gradients of a group are added up, those of the one before are rounded, and the
    pulses of the one before that are given. `remora.spec.crossbar.update_cycles` has the cycles.

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
        clearing: all χ and the fault map are being cleared after a reset; no sequence may start.
        start: an update begins; high for one cycle.
        stop: end after the groups that are begun.
        give_up: as of :class:`remora.hdl.learning.write_controller.WriteController`.
        done: an update ends; high for one cycle.
        learned: with ``done``, it is complete.
        preparing: errors and feedback of the first column are not ready yet.
        stopped: with ``done``, it was cut short.
        columns_done: how many columns of the update are committed or skipped: whole groups.
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
        begun: for the monitor, the feedback of a group's columns is there.
        begun_column: for the monitor, the first one.
        feedback: for the monitor, f of each of them.
        captured: for the monitor, the gradients of a fold of a group are complete.
        captured_column: for the monitor, its first column, those of the readout counted after the hidden ones.
        captured_fold: for the monitor, the fold.
        captured_learns: for the monitor, which of the columns are there and learn.
        gradients: for the monitor, of every lane of the first column, then of the next.
        updated: for the monitor, of a design that accumulates, some rows of a column have their new χ.
        updated_column: for the monitor, the column.
        updated_fold: for the monitor, the fold.
        updated_lane: for the monitor, the lane of the first row.
        accumulators: for the monitor, the new χ of these rows.
        host: reaches the χ while idle, of a design that accumulates.
        host_faults: reaches the fault map while idle, of a design that has one.
        map: reads the fault map while idle, of such a design.
        stretch: of a design that verifies, as of :class:`remora.hdl.learning.verify.pulse_verifier.PulseVerifier`.
        verify_feedback: as ``feedback`` there.
        given_up: as there; in ``layer_written``.
        crossbars: as there.
        wordlines: of such a design, what is driven; all 0 unless a row is read.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, learning = design.network, design.learning
        self._walk, self._update, self._writer = GradientWalk(design), UpdateWalk(design), WriteController(design)
        rule = update_rule(design)
        self.accumulates, self._draws = rule.accumulates, rule.draws
        self._faults = FaultMap(design) if design.capabilities.compensates else None
        self._verifier = PulseVerifier(design) if design.capabilities.verifies_learning else None
        walk, update, groups = self._walk.signature.members, self._update.signature.members, learning.columns
        column, fold = GroupPosition(design).members["column"].shape, unsigned_width(design.learning_folds - 1)
        accumulating = {
            **{name: Out(update[name].shape) for name in UPDATED},
            "host": update["host"],
        } if self.accumulates else {}  # fmt: skip
        super().__init__(
            {
                **{name: walk[name] for name in HISTORY},
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
                "give_up": In(1),
                "done": Out(1),
                "learned": Out(1),
                "preparing": Out(1),
                "stopped": Out(1),
                "columns_done": Out(column),
                "length": In(range(network.max_steps + 1)),
                "label": In(16),
                "scores": In(design.formats.adc_bits * network.classes),
                "read_features": Out(1),
                "feature_step": walk["feature_step"],
                "features": In(FEATURE_BITS * network.features),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                **{name: Out(getattr(self._writer, name).shape()) for name in WRITES},
                "error": Out(ERROR_BITS * network.classes),
                "begun": Out(1),
                "begun_column": Out(column),
                "feedback": Out(feedback_bits(design) * groups),
                "captured": Out(1),
                "captured_column": Out(column),
                "captured_fold": Out(fold),
                "captured_learns": Out(groups),
                "gradients": Out(gradient_bits(design) * design.learning_lanes * groups),
                **accumulating,
                **(
                    {"host_faults": In(self._faults.host_port), "map": In(MarkedColumn(design))} if self._faults else {}
                ),
                **(verify_ports(design, self._verifier) if self._verifier else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        self._error = add_submodule(m, "error_unit", ErrorUnit(self.design))
        # What a stop has cut short is forgotten with it.
        self._feedback = add_submodule(m, "group_feedback", GroupFeedback(self.design), reset=self.done)
        self._group = add_submodule(m, "column_group", ColumnGroup(self.design))
        add_submodule(m, "gradient_walk", self._walk)
        add_submodule(m, "update_walk", self._update)
        self._queue = add_submodule(m, "pulse_queue", PulseQueue(self.design))
        add_submodule(m, "writer", self._writer)
        wiring.connect(m, wiring.flipped(self.program_hidden), self._writer.program_hidden)
        wiring.connect(m, wiring.flipped(self.program_readout), self._writer.program_readout)
        # What belongs to the group whose steps are walked.
        self._issued = GroupPosition(self.design).flip().create(path=("issued",))
        self._issued_fold = Signal.like(self._walk.fold_index, name="issued_fold")
        launched = self._control(m)
        self._connect_feedback(m, launched)
        self._connect_walks(m)
        if self._draws:
            self._connect_rounding(m, launched)
        self._connect_writes(m)
        if self._faults:
            self._connect_faults(m, self._faults)
        if self._verifier:
            add_submodule(m, "verifier", self._verifier)
            connect_verifier(m, self, self._verifier, self._update, self._writer)
        return m

    def _control(self, m: Module) -> Signal:
        """Launch a fold of a group as soon as its feedback is there and its gradients can be captured.

        Returns:
            Launches of the last cycles, the latest in the low bit.
        """
        walk, update, group, feedback = self._walk, self._update, self._group, self._feedback
        position, fold, folds = (
            group.position,
            Signal.like(self._issued_fold, name="next_fold"),
            self.design.learning_folds,
        )
        launch, skip, launched = Signal(), Signal(), Signal(SUMMED - 1)
        step, flying, begun = Signal.like(walk.walk_step), Signal(2), Signal()
        may_launch, complete, learns = Signal(), Signal(), Signal.like(walk.learns)
        m.d.sync += [launched.eq(Cat(launch, launched)), flying.eq(flying + launch - update.capture)]
        m.d.comb += [
            # Of the gradients under way only those of one group may wait for the update, in the lanes themselves.
            may_launch.eq(~group.moving & ~launched.any() & ((flying == 0) | ((flying == 1) & update.free))),
            learns.eq(Mux(position.readout, ~0, feedback.learns) & ((1 << position.count) - 1)),
            update.capture.eq((walk.summed | complete) & update.free),
            walk.walk_step.eq(step),
            walk.first.eq(step == 0),
            walk.last.eq((step + 1 == self.length) | self._issued.readout),
            group.next_group.eq(skip | (launch & (fold == folds - 1))),
        ]
        with m.If(walk.summed | update.capture):
            m.d.sync += complete.eq(~update.capture)
        with m.If(update.committed):
            m.d.sync += self.columns_done.eq(update.columns_after)
        with m.If(self.load_updates):
            m.d.sync += self.updates.eq(self.updates_value)
        with m.If(launch):
            m.d.sync += [getattr(self._issued, name).eq(getattr(position, name)) for name in position.signature.members]
            m.d.sync += [self._issued_fold.eq(fold), walk.learns.eq(learns), step.eq(0), fold.eq(fold + 1)]
            with m.If(fold == folds - 1):
                m.d.sync += fold.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.comb += [self._error.start.eq(1), group.restart.eq(1)]
                    m.d.sync += [self.updates.eq(self.updates + 1), self.columns_done.eq(0), begun.eq(0)]
                    m.next = "ERROR"
            with m.State("ERROR"):
                m.d.comb += self.preparing.eq(1)
                with m.If(self._error.done):
                    m.d.comb += feedback.start.eq(1)
                    m.next = "LAUNCH"
            with m.State("LAUNCH"):
                m.d.comb += self.preparing.eq(~begun & ~launch & ~skip)
                with m.If((fold == 0) & ~group.moving & (self.stop | group.ended)):
                    m.next = "FINISH"
                with m.Elif(may_launch & (position.readout | (fold != 0) | feedback.full)):
                    m.d.sync += begun.eq(1)
                    if self.design.capabilities.selects:
                        m.d.comb += skip.eq(~learns.any())
                    m.d.comb += launch.eq(~skip)
                    with m.If(launch):
                        m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += walk.walk.eq(1)
                m.d.sync += step.eq(step + 1)
                with m.If(walk.last):
                    m.next = "LAUNCH"
            with m.State("FINISH"):
                # A sequence may read the crossbars only after the last pulse.
                ended = (flying == 0) & ~update.busy & self._queue.empty & self._writer.ready
                if self._verifier:
                    ended = ended & ~self._verifier.busy & ~update.correcting
                with m.If(ended):
                    m.next = "DONE"
            with m.State("DONE"):
                # From a flip-flop, because a soft reset that waits takes effect in this cycle, everywhere.
                m.d.comb += [self.done.eq(1), self.learned.eq(group.ended), self.stopped.eq(~group.ended)]
                m.d.sync += self.columns_done.eq(position.column)
                m.next = "IDLE"
        self._skip = skip
        return launched

    def _connect_feedback(self, m: Module, launched: Signal) -> None:
        """The feedback of a group is handed on when its first code has come so far."""
        feedback, walk, group = self._feedback, self._walk, self._group
        hand_on, first_fold = launched[HANDED_ON - 1], self._issued_fold == 0
        m.d.comb += [
            self._error.label.eq(self.label),
            self._error.scores.eq(self.scores),
            self.error.eq(self._error.error),
            feedback.seed.eq(self.seed),
            feedback.error.eq(self._error.error),
            feedback.count.eq(group.position.count),
            feedback.gather.eq(~group.moving & ~group.position.readout & ~launched[:HANDED_ON].any()),
            feedback.clear.eq((hand_on & (self._issued_fold == self.design.learning_folds - 1)) | self._skip),
            walk.hand_on.eq(hand_on),
            walk.feedback.eq(feedback.feedback),
            walk.error.eq(self._error.error),
            self.begun.eq((hand_on & first_fold & ~self._issued.readout) | self._skip),
            self.begun_column.eq(Mux(self._skip, group.position.column, self._issued.column)),
            self.feedback.eq(feedback.feedback),
        ]
        if self.design.capabilities.selects:
            m.d.comb += feedback.winners.eq(self.winners)

    def _connect_walks(self, m: Module) -> None:
        walk, update = self._walk, self._update
        m.d.comb += [getattr(walk, name).eq(getattr(self, name)) for name in HISTORY]
        for name in self._issued.signature.members:
            m.d.comb += getattr(walk.position, name).eq(getattr(self._issued, name))
            m.d.comb += getattr(update.position, name).eq(getattr(walk.summed_position, name))
        m.d.comb += [
            walk.fold_index.eq(self._issued_fold),
            walk.features.eq(self.features),
            self.read_features.eq(walk.read_features),
            self.feature_step.eq(walk.feature_step),
            update.gradients.eq(walk.gradients),
            update.fold_index.eq(walk.summed_fold),
            update.learns.eq(walk.summed_learns),
            update.hidden_rate_shift.eq(self.hidden_rate_shift),
            update.readout_rate_shift.eq(self.readout_rate_shift),
            self.captured.eq(update.capture),
            self.captured_column.eq(walk.summed_position.column),
            self.captured_fold.eq(walk.summed_fold),
            self.captured_learns.eq(walk.summed_learns),
            self.gradients.eq(walk.gradients),
        ]
        if self.accumulates:
            wiring.connect(m, wiring.flipped(self.host), update.host)
            m.d.comb += self.clearing.eq(update.clearing | self._faults.clearing if self._faults else update.clearing)
            m.d.comb += [getattr(self, name).eq(getattr(update, name)) for name in UPDATED]

    def _connect_rounding(self, m: Module, launched: Signal) -> None:
        """Random numbers are drawn from the launch on, and wait for the gradients."""
        rounding, update = add_submodule(m, "rounding", RoundingUnit(self.design)), self._update
        for name in self._issued.signature.members:
            m.d.comb += getattr(rounding.position, name).eq(getattr(self._issued, name))
        m.d.comb += [
            rounding.seed.eq(self.seed),
            rounding.update_number.eq(self.updates),
            rounding.begins.eq(launched[0]),
            rounding.fold_index.eq(self._issued_fold),
            rounding.take.eq(update.round),
            update.drawn.eq(rounding.valid),
            update.random.eq(rounding.random),
        ]

    def _connect_writes(self, m: Module) -> None:
        """Columns are written whole, one after the other, in their order."""
        update, queue, writer = self._update, self._queue, self._writer
        m.d.comb += [
            queue.slot.eq(update.slot),
            queue.begins.eq(update.begins),
            queue.layer.eq(update.layer),
            queue.position_tile.eq(update.column_tile),
            queue.position_of_tile.eq(update.column_of_tile),
            queue.last_of_group.eq(update.last_of_group),
            *(
                getattr(queue, name).eq(getattr(update, name))
                for name in ("push", "push_slot", "whole", "counts", "raised")
            ),
            update.room.eq(queue.room),
            queue.take.eq(writer.ready),
            writer.start.eq(queue.valid),
            writer.give_up.eq(self.give_up),
            writer.layer.eq(queue.column_layer),
            writer.column_tile.eq(queue.column_tile),
            writer.column.eq(queue.column_of_tile),
            writer.counts.eq(queue.column_counts),
            writer.raised.eq(queue.column_raised),
            *(getattr(self, name).eq(getattr(writer, name)) for name in WRITES),
        ]

    def _connect_faults(self, m: Module, faults: FaultMap) -> None:
        """The writer reads the marks of every column that it takes."""
        add_submodule(m, "fault_map", faults)
        wiring.connect(m, wiring.flipped(self.host_faults), faults.host)
        wiring.connect(m, wiring.flipped(self.map), faults.window)
        if not self.accumulates:
            m.d.comb += self.clearing.eq(faults.clearing)
        m.d.comb += [
            faults.read.eq(self._writer.read_marks),
            faults.column.eq(self._writer.marked_column),
            self._writer.marks.eq(faults.marks),
        ]
