# amaranth: UnusedElaboratable=no
"""Update walk: goes over the gradients of a group, a few rows a cycle, while those of the next are added up."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.accumulator_store import AccumulatorStore
from remora.hdl.learning.update.column_group import GroupPosition, next_of_tile
from remora.hdl.learning.update.gradient_lane import gradient_bits
from remora.hdl.learning.update.update_lane import UpdateLane, dropped_bits, kept_bits
from remora.hdl.learning.verify.corrector import Corrector
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.column_groups import rounded_rows, rounded_words
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, accumulator_word_bits, pulse_shift
from remora.spec.crossbar.update_cycles import ROUNDED, queue_slots
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.fixed import unsigned_width


def _as_wide(value: Value, bits: int) -> Value:
    """A signed value in so many bits."""
    return Cat(value, *([value[-1]] * (bits - len(value)))) if len(value) < bits else value


class UpdateWalk(wiring.Component):
    """Column after column of a group, and of each a fold's rows in order, as many a cycle as
    :func:`remora.spec.crossbar.column_groups.rounded_rows` says.

    With `capture` in cycle t the first rows are rounded in cycle t + 1, unless they wait for random numbers or for room
    in the queue; what follows from them comes `ROUNDED` cycles later. Accumulators are
    read when rows are rounded, and written with the pulses. Of a column that does not learn nothing is written, and the
    queue gets no pulses.

    Rules L11 to L14, M9.

    Ports:
        gradients: of every lane of the first column, then of the next.
        position: of the group whose gradients these are.
        fold_index: their fold.
        learns: one bit a column: it learns.
        hidden_rate_shift: halvings of the hidden layer's rate.
        readout_rate_shift: halvings of the readout's rate.
        free: gradients may be captured.
        capture: while ``free``, takes the gradients and what belongs to them.
        busy: something is under way.
        random: of a design that draws, for the rows at hand.
        drawn: of such a design, ``random`` is there.
        round: rows are rounded in this cycle.
        slot: of the queue, for the column at hand.
        room: it is free.
        begins: a column begins.
        layer: the column's.
        column_tile: of the column at hand.
        column_of_tile: of the column at hand.
        last_of_group: it is its group's last.
        push: pulses of some rows are due.
        push_slot: the slot of their column.
        whole: with ``push``, the rows are their column's last.
        counts: pulses of each row.
        raised: of each row, 1: raise the weight, 0: lower it.
        committed: with ``push``, the group is through.
        columns_after: with ``committed``, how many columns of the update are.
        updated: for the monitor, rows of a column that learns are through.
        updated_column: the column, those of the readout counted after the hidden ones.
        updated_lane: lane of the first row in its fold.
        updated_fold: its fold.
        accumulators: of a design that accumulates, the new χ of the rows.
        clearing: of such a design, as of :class:`remora.hdl.learning.accumulator_store.AccumulatorStore`.
        host: of such a design, as there.
        corrects: of a design that verifies, one accumulator changes; nothing is rounded in this cycle.
        corrected_column: as of :class:`remora.hdl.learning.verify.corrector.Corrector`.
        corrected_row: as there.
        correction: as there.
        correcting: an accumulator is still to be written.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.rows = design, rounded_rows(design)
        rule = update_rule(design)
        self._store, self._draws = AccumulatorStore(design) if rule.accumulates else None, rule.draws
        position, folds = GroupPosition(design).members, unsigned_width(design.learning_folds - 1)
        slot, bits = unsigned_width(queue_slots(design) - 1), unsigned_width(design.learning.max_pulses)
        accumulating = {
            "accumulators": Out(accumulator_word_bits(design)),
            "clearing": Out(1),
            "host": In(self._store.host_port),
        } if self._store else {}  # fmt: skip
        self._corrector = Corrector(design) if design.capabilities.verifies_learning else None
        if self._corrector:
            corrector = self._corrector.signature.members
            accumulating |= {"corrects": In(1), "correcting": Out(1), "correction": In(corrector["correction"].shape)}
            accumulating |= {f"corrected_{name}": In(corrector[name].shape) for name in ("column", "row")}
        drawing = {"random": In(pulse_shift(design) * self.rows), "drawn": In(1)} if rule.draws else {}
        super().__init__(
            {
                "gradients": In(gradient_bits(design) * design.learning_lanes * design.learning.columns),
                "position": In(GroupPosition(design)),
                "fold_index": In(folds),
                "learns": In(design.learning.columns),
                "hidden_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "readout_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
                "free": Out(1),
                "capture": In(1),
                "busy": Out(1),
                "round": Out(1),
                "slot": Out(slot),
                "room": In(1),
                "begins": Out(1),
                "layer": Out(1),
                "column_tile": Out(position["column_tile"].shape),
                "column_of_tile": Out(position["column_of_tile"].shape),
                "last_of_group": Out(1),
                "push": Out(1),
                "push_slot": Out(slot),
                "whole": Out(1),
                "counts": Out(bits * self.rows),
                "raised": Out(self.rows),
                "committed": Out(1),
                "columns_after": Out(position["column"].shape),
                "updated": Out(1),
                "updated_column": Out(position["column"].shape),
                "updated_lane": Out(unsigned_width(rounded_words(design) * self.rows)),
                "updated_fold": Out(folds),
                **accumulating,
                **drawing,
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, words, folds = self.design, rounded_words(self.design), self.design.learning_folds
        walking, first, last = Signal(), Signal(), Signal()
        word = Signal(unsigned_width(words - 1))
        left, learns = Signal.like(self.position.count), Signal.like(self.learns)
        column, fold = Signal.like(self.position.column), Signal.like(self.fold_index)
        m.d.comb += [
            self.free.eq(~walking),
            first.eq(word == 0),
            last.eq(word == words - 1),
            self.last_of_group.eq(left == 1),
            self.round.eq(walking & self._may_round(first, fold)),
            self.begins.eq(self.round & first & (fold == 0)),
        ]
        with m.If(self.capture):
            m.d.sync += [
                walking.eq(1),
                word.eq(0),
                left.eq(self.position.count),
                learns.eq(self.learns),
                column.eq(self.position.column),
                fold.eq(self.fold_index),
                self.layer.eq(self.position.readout),
                self.column_tile.eq(self.position.column_tile),
                self.column_of_tile.eq(self.position.column_of_tile),
            ]
            if folds > 1:
                m.d.sync += self.slot.eq(0)
        with m.If(self.round):
            m.d.sync += word.eq(word + 1)
            with m.If(last):
                m.d.sync += [word.eq(0), left.eq(left - 1), learns.eq(learns >> 1), column.eq(column + 1)]
                m.d.sync += self.slot.eq(self.slot + 1)
                with m.If(self.slot == queue_slots(design) - 1):
                    m.d.sync += self.slot.eq(0)
                next_of_tile(m, design, self.column_tile, self.column_of_tile)
                with m.If(self.last_of_group):
                    m.d.sync += walking.eq(0)
        at = {
            "word": word, "whole": last & (fold == folds - 1), "slot": self.slot, "learns": learns[0],
            "column": column, "fold": fold, "committed": last & (fold == folds - 1) & self.last_of_group,
        }  # fmt: skip
        valid, after = self._delayed(m, at)
        lanes = self._lanes(m, self._shadow(m))
        pulsed = after["learns"].replicate(len(self.raised))
        m.d.comb += [
            self.busy.eq(walking | valid.any()),
            self.push.eq(valid[-1]),
            self.push_slot.eq(after["slot"]),
            self.whole.eq(after["whole"]),
            self.counts.eq(Mux(after["learns"], Cat(lane.pulses for lane in lanes), 0)),
            self.raised.eq(Cat(lane.raised for lane in lanes) & pulsed),
            self.committed.eq(valid[-1] & after["committed"]),
            self.columns_after.eq(after["column"] + 1),
            self.updated.eq(valid[-1] & after["learns"]),
            self.updated_column.eq(after["column"]),
            self.updated_lane.eq(after["word"] * self.rows),
            self.updated_fold.eq(after["fold"]),
        ]
        if self._store:
            self._accumulators(m, self._store, column, fold, word, after)
        return m

    def _may_round(self, first: Value, fold: Value) -> Value:
        """A column begins where the queue has room; of a later fold it has begun."""
        begins = self.room | ~first | (fold != 0)
        if self._corrector:
            begins = begins & ~self.corrects
        return begins & self.drawn if self._draws else begins

    def _delayed(self, m: Module, at: dict[str, Value]) -> tuple[Signal, dict[str, Value]]:
        """Whether rows are in each stage, and what belongs to those in the last."""
        valid = Signal(ROUNDED)
        m.d.sync += valid.eq(Cat(self.round, valid))
        after: Mapping[str, Value] = at
        for stage in range(ROUNDED):
            stages = {
                name: Signal.like(value, name=f"{name}_{stage}", reset_less=True) for name, value in after.items()
            }
            m.d.sync += [stages[name].eq(value) for name, value in after.items()]
            after = stages
        return valid, dict(after)

    def _shadow(self, m: Module) -> list[Value]:
        """Gradients captured, without what no rate reaches; the rows at hand are at the bottom."""
        bits, lanes, words = gradient_bits(self.design), self.design.learning_lanes, rounded_words(self.design)
        kept, dropped, padded = kept_bits(self.design), dropped_bits(self.design), words * self.rows
        captured: list[Value] = []
        for column in range(self.design.learning.columns):
            for lane in range(padded):
                start = (column * lanes + lane) * bits
                gradient = self.gradients[start + min(dropped, bits - 1) : start + bits]
                captured.append(_as_wide(gradient, kept) if lane < lanes else Const(0, kept))
        shadow = Signal(kept * len(captured), name="shadow", reset_less=True)
        with m.If(self.capture):
            m.d.sync += shadow.eq(Cat(captured))
        with m.Elif(self.round):
            m.d.sync += shadow.eq(shadow[kept * self.rows :])
        return [shadow.word_select(row, kept).as_signed() for row in range(self.rows)]

    def _lanes(self, m: Module, gradients: list[Value]) -> list[UpdateLane]:
        # Equal lanes share one Verilog module, so all but the first are never elaborated: see the file's first line.
        lanes = [UpdateLane(self.design) for _ in range(self.rows)]
        rate_shift = Signal.like(self.hidden_rate_shift)
        m.d.comb += rate_shift.eq(Mux(self.layer, self.readout_rate_shift, self.hidden_rate_shift))
        for row, (lane, gradient) in enumerate(zip(lanes, gradients, strict=True)):
            add_submodule(m, f"lane_{row}", lane)
            m.d.comb += [lane.gradient.eq(gradient), lane.readout.eq(self.layer), lane.rate_shift.eq(rate_shift)]
            if self._store:
                bits = self.design.learning.accumulator_bits
                m.d.comb += lane.accumulator.eq(self._store.accumulators.word_select(row, bits))
            if self._draws:
                m.d.comb += lane.random.eq(self.random.word_select(row, pulse_shift(self.design)))
        self._all_lanes = lanes
        return lanes

    def _accumulators(self, m: Module, store: AccumulatorStore, column, fold, word, after) -> None:
        """χ of the rows at hand are read, and written `ROUNDED` cycles later."""
        add_submodule(m, "store", store)
        wiring.connect(m, wiring.flipped(self.host), store.host)
        words, folds = rounded_words(self.design), self.design.learning_folds

        def address(column, fold, word):
            return ((column * folds + fold) * words + word)[: len(store.read_address)]

        m.d.comb += [
            self.clearing.eq(store.clearing),
            store.read.eq(self.round),
            store.read_address.eq(address(column, fold, word)),
            self.accumulators.eq(Cat(lane.next_accumulator for lane in self._all_lanes)),
            store.write.eq(self.updated),
            store.write_address.eq(address(after["column"], after["fold"], after["word"])),
            store.data.eq(self.accumulators),
        ]
        if self._corrector:
            self._correct(m, store, self._corrector)

    def _correct(self, m: Module, store: AccumulatorStore, corrector: Corrector) -> None:
        """Corrections read and write accumulators in cycles in which the walk does not."""
        add_submodule(m, "corrector", corrector)
        m.d.comb += [
            corrector.corrects.eq(self.corrects),
            corrector.column.eq(self.corrected_column),
            corrector.row.eq(self.corrected_row),
            corrector.correction.eq(self.correction),
            corrector.accumulators.eq(store.accumulators),
            self.correcting.eq(corrector.busy),
        ]
        with m.If(self.corrects):
            m.d.comb += [store.read.eq(1), store.read_address.eq(corrector.address)]
        with m.If(corrector.write):
            m.d.comb += [
                store.write.eq(1),
                store.write_address.eq(corrector.write_address),
                store.data.eq(corrector.data),
            ]
