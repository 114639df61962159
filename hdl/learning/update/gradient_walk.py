# amaranth: UnusedElaboratable=no
"""Gradient walk: goes over the history of a sequence, a step a cycle, and adds up a group's gradients."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.delta_unit import DeltaUnit
from remora.hdl.learning.error_unit import ERROR_BITS
from remora.hdl.learning.group_feedback import feedback_bits
from remora.hdl.learning.history import History
from remora.hdl.learning.update.column_group import GroupPosition
from remora.hdl.learning.update.gradient_lane import delta_bits, gradient_bits
from remora.hdl.learning.update.gradients import Gradients
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.update_cycles import SUMMED
from remora.spec.lib.fixed import unsigned_width


class GradientWalk(wiring.Component):
    """A step that is walked in cycle t is in the gradients from cycle t + `SUMMED` on.

    The stages: code read; its column chosen; derivative; δ, while words and features are read; words and δ registered;
    product added.

    What belongs to a group follows its steps through the stages: `hand_on` comes `HANDED_ON` cycles after its launch,
    which is the cycle before its first step, and groups are launched at least `SUMMED` cycles apart.

    Ports:
        context_index: of the step that is inferred.
        step: the step that is inferred.
        keep_words: stores ``words`` as those of ``step``.
        words: as streamed; those of the readout while columns of the readout are walked.
        keep_codes: stores ``codes`` as those of ``fold`` of ``step``.
        fold: their fold.
        codes: ``lanes`` of them.
        walk: a step is walked.
        walk_step: the step.
        first: the first one of the group's fold.
        last: the last one.
        position: of the group that is walked, from the first step on until the next launch.
        fold_index: its fold, stable in the same way.
        learns: which of its columns learn, stable in the same way.
        hand_on: ``position``, ``fold_index``, ``learns`` and ``feedback`` belong to the steps that come to δ from the
            next cycle on.
        feedback: of each column.
        error: of all classes.
        read_features: asks for the features of ``feature_step``.
        feature_step: the step that is asked for.
        features: in the cycle after ``read_features``.
        summed: the last step has been added up in the cycle before.
        gradients: of every lane of the first column, then of the next.
        summed_position: of the group that they are of, from ``summed`` on until the next first step is added up.
        summed_fold: its fold, stable in the same way.
        summed_learns: which of its columns learn, stable in the same way.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network, formats, columns = design.network, design.formats, design.learning.columns
        step, folds = unsigned_width(network.max_steps - 1), unsigned_width(design.learning_folds - 1)
        super().__init__(
            {
                "context_index": In(unsigned_width(design.system.contexts - 1)),
                "step": In(step),
                "keep_words": In(1),
                "words": In((formats.stream_bits + 1) * network.hidden),
                "keep_codes": In(1),
                "fold": In(unsigned_width(design.folds - 1)),
                "codes": In(formats.adc_bits * design.cell.lanes),
                "walk": In(1),
                "walk_step": In(step),
                "first": In(1),
                "last": In(1),
                "position": In(GroupPosition(design)),
                "fold_index": In(folds),
                "learns": In(columns),
                "hand_on": In(1),
                "feedback": In(feedback_bits(design) * columns),
                "error": In(ERROR_BITS * network.classes),
                "read_features": Out(1),
                "feature_step": Out(step),
                "features": In(FEATURE_BITS * network.features),
                "summed": Out(1),
                "gradients": Out(gradient_bits(design) * design.learning_lanes * columns),
                "summed_position": Out(GroupPosition(design)),
                "summed_fold": Out(folds),
                "summed_learns": Out(columns),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Cycle t + n of a step is stage n.
        valid, first, last = (Signal(SUMMED + 1, name=name) for name in ("valid", "first_of", "last_of"))
        for stages, now in ((valid, self.walk), (first, self.first), (last, self.last & self.walk)):
            m.d.comb += stages[0].eq(now)
            m.d.sync += stages[1:].eq(stages[:-1])
        steps = [self.walk_step]
        for stage in range(3):
            steps.append(Signal.like(self.walk_step, name=f"step_{stage + 1}", reset_less=True))
            m.d.sync += steps[-1].eq(steps[-2])
        position = {
            name: Signal(member.shape, name=f"present_{name}", reset_less=True)
            for name, member in GroupPosition(self.design).members.items()
        }
        fold, learns = Signal.like(self.fold_index, reset_less=True), Signal.like(self.learns, reset_less=True)
        feedback = Signal.like(self.feedback, reset_less=True)
        with m.If(self.hand_on):
            m.d.sync += [signal.eq(getattr(self.position, name)) for name, signal in position.items()]
            m.d.sync += [fold.eq(self.fold_index), learns.eq(self.learns), feedback.eq(self.feedback)]
        with m.If(last[4]):
            m.d.sync += [getattr(self.summed_position, name).eq(signal) for name, signal in position.items()]
            m.d.sync += [self.summed_fold.eq(fold), self.summed_learns.eq(learns)]

        history = self._history(m)
        deltas = self._deltas(m, history, position, feedback)
        gradients = add_submodule(m, "gradient_lanes", Gradients(self.design))
        m.d.comb += [
            history.read_words.eq(valid[3] & ~position["readout"]),
            history.word_step.eq(steps[3]),
            self.read_features.eq(valid[3] & ~position["readout"]),
            self.feature_step.eq(steps[3]),
            gradients.features.eq(self.features),
            gradients.words.eq(Mux(position["readout"], self.words, history.read_word_data)),
            gradients.readout.eq(position["readout"]),
            gradients.fold_index.eq(fold),
            # The first step streams states of 0.
            gradients.zero_states.eq(first[4] & ~position["readout"]),
            gradients.deltas.eq(Cat(deltas)),
            gradients.load.eq(valid[4]),
            gradients.add.eq(valid[5]),
            gradients.first.eq(first[5]),
            self.gradients.eq(gradients.gradients),
            self.summed.eq(last[SUMMED]),
        ]
        return m

    def _history(self, m: Module) -> History:
        history = add_submodule(m, "history", History(self.design))
        m.d.comb += [
            history.context_index.eq(self.context_index),
            history.write_step.eq(self.step),
            history.write_words.eq(self.keep_words),
            history.words.eq(self.words),
            history.write_codes.eq(self.keep_codes),
            history.write_fold.eq(self.fold),
            history.codes.eq(self.codes),
            history.read_codes.eq(self.walk & ~self.position.readout),
            history.code_step.eq(self.walk_step),
            history.code_fold.eq(self.position.code_fold),
        ]
        return history

    def _deltas(self, m: Module, history: History, position: dict[str, Signal], feedback: Signal) -> list:
        """What multiplies the words of each column, in stage 4: δ, or the error of a class."""
        bits, deltas = self.design.formats.adc_bits, []
        for column in range(self.design.learning.columns):
            unit = add_submodule(m, f"delta_unit_{column}", DeltaUnit(self.design))
            code = Signal.like(unit.code, name=f"code_{column}", reset_less=True)
            error = self.error.word_select(position["column_of_layer"] + column, ERROR_BITS).as_signed()
            factor = Signal.like(Mux(position["readout"], error, unit.delta), name=f"factor_{column}")
            delta = Signal(delta_bits(self.design), name=f"delta_{column}")
            m.d.sync += code.eq(history.read_code_data.word_select(self.position.code_lane + column, bits))
            m.d.comb += [
                unit.code.eq(code),
                unit.feedback.eq(feedback.word_select(column, feedback_bits(self.design))),
                factor.eq(Mux(position["readout"], error, unit.delta)),
                delta.eq(factor),
            ]
            deltas.append(delta)
        return deltas
