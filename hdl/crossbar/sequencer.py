"""Sequencer: walks every context's sequence through streaming, conversion, cell, readout and decision."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.bring_up.stretch import ReadStretch
from remora.hdl.crossbar.contexts import Contexts
from remora.hdl.crossbar.control import AnswerControl, DecisionControl, Streaming
from remora.hdl.crossbar.conversion import Conversion
from remora.hdl.crossbar.every_step.step_readout import StepReadout
from remora.hdl.crossbar.fold_issue import FoldIssue
from remora.hdl.crossbar.integration import Integration
from remora.hdl.crossbar.lessons import Lessons
from remora.hdl.crossbar.readout import Readout
from remora.hdl.learning.control import LearningControl
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.reading import ReadStrobes
from remora.hdl.lib.sequence import Sequences
from remora.hdl.lib.steps import StepEnd, StepTag, copy
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import Flag


class Waits(wiring.Signature):
    """What the sequencer waits for in this cycle, seen from it.

    Ports:
        input: a context is free, and no sequence waits.
        output: a sequence waits for a place of its answer.
        converter: a sum waits for the converter.
    """

    def __init__(self) -> None:
        super().__init__({name: Out(1) for name in ("input", "output", "converter")})


class Sequencer(wiring.Component):
    """`system.contexts` sequences at a time, one in each context.

    `Contexts` picks the step that is next; `Integration` streams its planes and samples; `Conversion` converts;
    `FoldIssue` hands the codes to the cell; the cell says when the words of the step are stored, and with the last ones
    `Readout` takes over. A step's tag travels with it from stage to stage. Each stage has another step at hand, of
    another context, so that a step begins every `remora.spec.crossbar.cycles.Cycles.period` cycles where enough
    sequences are there; a lone sequence takes `step` cycles each. All strobes reach the tiles a cycle later.

    A result is taken as soon as ``answer.ready``; ``sequences.header.free`` frees the sequence's bank in the same
    cycle, and its context.

    A design that learns has more: a sequence is answered if its packet asks so, and ``concluded`` marks the end of its
    readout either way; if it is to be learnt, ``learning.start`` is high in that same cycle, and `Lessons` keeps the
    context until update, replays and insertion have ended. A replay runs through steps, readout and learning in the
    same context, without an answer. So does a healing replay, which begins where no sequence is there or waits; it
    has no bank.

    Bistable cells take no conversion and no folds: they settle after the sample, and the step after needs nothing of
    that, so it streams meanwhile. ``cell.clear`` is high in the cycle in which a sequence's first step starts.

    With a readout at every step `StepReadout` takes over at each step's end, ``concluded`` marks the end of each
    readout, of which ``last`` tells whether it ends its sequence, and a result is handed over after each. The next step
    of a context starts when the readout of the one before begins. With bistable cells it is sampled when the states
    before it have been read.

    Rules M2, M15, O1 and O4.

    Ports:
        run: a sequence may start; one that has started always finishes.
        busy: a context is in use.
        stepping: any sequence is in its steps.
        reading_out: else, any is in its readout.
        idle: none of both, and nothing is learnt, drawn or inserted.
        taken_context: with ``sequences.arrived.take``, the context that the sequence takes.
        restarted: a replay begins, in context 0, of a design that replays.
        at_hand: the step whose planes are integrated.
        step_done: the end of a step.
        concluded: the last cycle of a readout.
        context_index: the context that is read out or learns.
        last: of a design with a readout at every step, the readout at hand is the last of its sequence.
        read_out: of such a design, the context whose words are streamed to the readout.
        number: with ``answer.push``, the number of the answer.
        oldest: the number of the oldest answer that has not left.
        waits: what is waited for.
        sequences: those that are stored.
        stretch: further cycles of the readings.
        streaming: what the streamer puts on the hidden layer's wordlines.
        readout_streaming: what it puts on the readout's.
        hidden: how the hidden layer's crossbars are read.
        readout: how the readout's crossbars are read.
        cell: strobes of the cell.
        ended: the end of a step as the cell tells it, of a cell that takes codes.
        decision: when the decision is made.
        answer: when the result is answered.
        learning: of a design that learns.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        number = unsigned_width(2 * design.system.contexts - 1)
        capabilities, context = design.capabilities, unsigned_width(design.system.contexts - 1)
        super().__init__(
            {
                "run": In(1),
                "busy": Out(1),
                "stepping": Out(1),
                "reading_out": Out(1),
                "idle": Out(1),
                "taken_context": Out(unsigned_width(design.system.contexts - 1)),
                **({"restarted": Out(1)} if capabilities.replays else {}),
                "at_hand": Out(StepTag(design)),
                "step_done": Out(StepEnd(design)),
                "concluded": Out(1),
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                **({"last": Out(1), "read_out": Out(context)} if capabilities.reads_every_step else {}),
                "number": Out(number),
                "oldest": In(number),
                "waits": Out(Waits()),
                "sequences": In(Sequences(design)),
                "stretch": In(ReadStretch()),
                "streaming": Out(Streaming(design)),
                "readout_streaming": Out(Streaming(design)),
                "hidden": Out(ReadStrobes()),
                "readout": Out(ReadStrobes()),
                "cell": Out(cell_class(design).control_port(design)),
                **({} if capabilities.bistable else {"ended": In(StepEnd(design))}),
                "decision": Out(DecisionControl()),
                "answer": Out(AnswerControl()),
                **({"learning": Out(LearningControl(design))} if capabilities.learns else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, capabilities, sequences = self.design, self.design.capabilities, self.sequences
        contexts = add_submodule(m, "contexts", Contexts(design))
        integration = add_submodule(m, "integration", Integration(design, Layer.HIDDEN))
        every = capabilities.reads_every_step
        readout = add_submodule(m, "readout_control", StepReadout(design) if every else Readout(design))
        freed, flags = Signal(), sequences.header.flags

        pass_on(m, sequences.arrived, contexts.arrived)
        m.d.comb += [
            contexts.run.eq(self.run),
            self.taken_context.eq(contexts.target),
            contexts.ready.eq(integration.ready),
            integration.start.eq(contexts.start),
            *copy(integration.next, contexts.next),
            sequences.reader.read.eq(contexts.start),
            sequences.reader.bank.eq(contexts.bank),
            sequences.reader.step.eq(contexts.next.step),
            *copy(self.at_hand, integration.at_hand),
            self.streaming.enable.eq(integration.drive),
            self.streaming.plane.eq(integration.plane),
            self.streaming.first.eq(integration.at_hand.first),
            *(
                getattr(self.hidden, name).eq(getattr(integration, name))
                for name in ("drive", "integrate", "integrator", "sample")
            ),
            *(
                getattr(part.stretch, name).eq(getattr(self.stretch, name))
                for part in (integration, readout)
                for name in part.stretch.signature.members
            ),
        ]
        self._end_steps(m, contexts, integration, readout)

        pass_on(m, self.readout_streaming, readout.streaming)
        pass_on(m, self.readout, readout.strobes)
        pass_on(m, self.decision, readout.decision)
        # A sequence has been read out.
        whole: Value = self.concluded
        if every:
            whole = Signal(name="concluded_whole")
            m.d.comb += [
                self.last.eq(readout.last),
                self.read_out.eq(readout.streamed),
                whole.eq(self.concluded & self.last),
            ]
        infer = flags.bit_select(Flag.INFER.bit_length() - 1, 1)
        if capabilities.replays:
            infer = infer & ~self.learning.replaying
        m.d.comb += [
            readout.open.eq(contexts.open),
            readout.concluded.eq(self.concluded),
            self.concluded.eq(readout.decided & (self.answer.ready | ~infer)),
            self.answer.push.eq(self.concluded & infer),
            self.context_index.eq(readout.context_index),
            self.number.eq(contexts.leaving_number),
            contexts.oldest.eq(self.oldest),
            contexts.concluded.eq(whole),
            contexts.freed.eq(freed),
            contexts.leaving.eq(readout.context_index),
            sequences.header.bank.eq(contexts.leaving_bank),
        ]
        critical: Value = Signal()
        if capabilities.learns:
            critical = self._learn(m, contexts, flags, whole, freed)
        else:
            m.d.comb += freed.eq(whole)
        m.d.comb += sequences.header.free.eq(freed & ~self.learning.healing if capabilities.heals else freed)
        m.d.comb += [
            self.busy.eq(contexts.in_use),
            self.stepping.eq(contexts.stepping),
            self.reading_out.eq(contexts.reading_out & ~contexts.stepping),
            self.idle.eq(~(contexts.stepping | contexts.reading_out | critical)),
            self.waits.input.eq(contexts.free & ~sequences.arrived.available),
            self.waits.output.eq(readout.held_up | (readout.decided & ~self.concluded)),
            self.waits.converter.eq(integration.waiting),
        ]
        return m

    def _end_steps(
        self, m: Module, contexts: Contexts, integration: Integration, readout: Readout | StepReadout
    ) -> None:
        """From the sample to the words, or to the settling of cells at the bitlines."""
        if self.design.capabilities.bistable:
            settled = Signal()
            m.d.sync += [self.cell.settle.eq(integration.sample), settled.eq(self.cell.settle)]
            last, settling, last_settled = integration.sampled.last, Signal(), Signal()
            m.d.sync += [settling.eq(last), last_settled.eq(settling)]
            m.d.comb += [
                self.cell.clear.eq(contexts.start & contexts.next.first),
                contexts.ended.valid.eq(integration.passed),
                contexts.ended.last.eq(integration.at_hand.last),
                # The cells see the strobe a cycle later, and show their states after that.
                readout.due.valid.eq(settled),
                readout.due.last.eq(last_settled),
                self.step_done.valid.eq(integration.sample),
                self.step_done.last.eq(last),
            ]
            if self.design.capabilities.reads_every_step:
                unread = Signal()
                m.d.sync += unread.eq(integration.sample | (unread & ~readout.gathered))
                m.d.comb += integration.blocked.eq(unread)
            return
        conversion = add_submodule(m, "conversion", Conversion(self.design))
        folds = add_submodule(m, "folds", FoldIssue(self.design))
        pass_on(m, self.cell, folds.cell)
        m.d.comb += [
            integration.convert_stretch.eq(self.stretch.convert),
            integration.taken.eq(self.hidden.valid),
            conversion.sample.eq(integration.sample),
            *copy(conversion.sampled, integration.sampled),
            self.hidden.convert.eq(conversion.convert),
            folds.valid.eq(self.hidden.valid),
            folds.begun.eq(conversion.begun),
            *copy(folds.converted, conversion.converted),
            *copy(folds.awaited, conversion.awaited),
            *copy(contexts.ended, self.ended),
            *copy(readout.due, self.ended),
            *copy(self.step_done, self.ended),
        ]
        if self.design.capabilities.reads_every_step:
            m.d.comb += copy(contexts.released, readout.begun)

    def _learn(self, m: Module, contexts: Contexts, flags: Value, whole: Value, freed: Signal) -> Value:
        """Learn where the packet asks so, once it is read out ``whole``; returns what is no step and no readout."""
        lessons = add_submodule(m, "lessons", Lessons(self.design))
        learning, replays = self.learning, self.design.capabilities.replays
        learn = flags.bit_select(Flag.LEARN.bit_length() - 1, 1)
        critical = lessons.learning
        if replays:
            learn = learn | lessons.replaying
            for name in lessons.signature.members:
                if name in ("ratio", "stocked", "drawn", "inserted"):
                    m.d.comb += getattr(lessons, name).eq(getattr(learning, name))
                elif name in ("replaying", "draw", "replay_index", "drawing", "insert", "inserting", "healing"):
                    m.d.comb += getattr(learning, name).eq(getattr(lessons, name))
            m.d.comb += [
                learning.next_sequence.eq(learning.start & ~lessons.replaying),
                self.restarted.eq(lessons.drawing & lessons.drawn),
                contexts.restart.eq(self.restarted),
                contexts.restart_length.eq(self.sequences.header.length),
            ]
            critical = critical | lessons.drawing | lessons.inserting
        if self.design.capabilities.heals:
            m.d.comb += [contexts.heal.eq(learning.heal), lessons.heal.eq(contexts.heals)]
        m.d.comb += [
            lessons.start.eq(whole & learn),
            lessons.done.eq(learning.done),
            learning.start.eq(lessons.start),
            learning.learning.eq(lessons.learning),
            learning.holding.eq(critical),
            # What learns is alone, and so in the lowest context.
            learning.context_index.eq(0),
            learning.step.eq(self.at_hand.step),
            learning.keep_words.eq(self.hidden.sample),
            freed.eq((whole & ~learn) | lessons.ended),
        ]
        return critical | lessons.replaying if replays else critical
