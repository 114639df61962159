"""Cycles of the crossbar accelerator: every count as one equation, beside the states that it counts.

Predictions, time-outs, the bench and the documents read these. Names in capitals are states of the machines in ``hdl``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import rounded_words
from remora.spec.crossbar.every_step.lone_cycles import LoneCycles, lone_cycles
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, Tile, adc_shift
from remora.spec.crossbar.learning import FEEDBACK_WORD_BITS, QUANTISER_BYTES, fault_words, feedback_bound
from remora.spec.crossbar.update_cycles import SUMMED, update_cycles, written_update_cycles
from remora.spec.crossbar.verify.verification import SAMPLE_GAP, Verification
from remora.spec.crossbar.verify.verified_cycles import Round, VerifiedTile, Writing, column_writing, column_writings
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import BEAT_BYTES
from remora.spec.lib.rng import HASH_CYCLES
from remora.spec.lib.section import Derived

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

DRAW = HASH_CYCLES + 1
"""Of a word that is asked for and waited for: the cycle of the start, and `HASH_CYCLES`. An index unit takes as many
for each attempt, from the start to done (``hdl/learning/index_unit.py``: IDLE or AGAIN, HASH)."""
PIN = 1
"""From a strobe to a macro, which sees it from a flip-flop (``hdl/crossbar/crossbar_array.py``)."""
REPLAY_DRAW = 1 + DRAW + 2
"""Of the slot of a replay, without rejected attempts: DRAW of the sequencer, an index, HEAD and DRAWN of the reservoir.
Each rejected attempt costs another `DRAW`."""
INSERT_FROZEN = 2
"""INSERT of the sequencer, REFUSED of the reservoir."""
INSERT_REFUSED = INSERT_FROZEN + DRAW
"""CHOOSE besides, without rejected attempts; each of them costs another `DRAW`."""


@dataclass(frozen=True)
class Stretch:
    """Further cycles of what the crossbar tiles do, as the register of bring-up sets them.

    Attributes:
        integrate: of each plane. ``settle``: before a sample. ``convert``: of a conversion. ``pulse``: of a pulse.
    """

    integrate: int = 0
    settle: int = 0
    convert: int = 0
    pulse: int = 0

    def planes(self, count: int) -> int:
        """Cycles of so many planes, and from the last of them to the sample."""
        return count * (1 + self.integrate) + self.settle


@dataclass(frozen=True)
class Cycles(Derived):
    """Cycles of a design point; ``steps`` is the length of a sequence in steps."""

    design: DesignPoint
    stretch: Stretch = Stretch()

    # Inference: hdl/crossbar/contexts.py, integration.py, conversion.py, fold_issue.py, hdl/cells/miru_cell.py,
    # hdl/crossbar/readout.py
    # ---------------------------------------------------------------------------------------------------------------
    @property
    def pace(self) -> int:
        """Fewest cycles between two samples of the hidden layer: its converter and the folds of its codes keep up.

        Where conversions are stretched, codes are taken before the next sample: convert, the conversion that the tiles
        see a cycle later, and one to the sample.
        """
        design, convert = self.design, self.stretch.convert
        if design.capabilities.bistable:
            return 1
        fewest = max(design.crossbar.adc_cycles, design.folds)
        return max(fewest, 1 + PIN + design.crossbar.adc_cycles + 1) + convert if convert else fewest

    @property
    def period(self) -> int:
        """Fewest cycles from a step to the next one of any sequence: planes and sample, converter, folds, or input.

        With two integrators the sample of one shares a cycle with a plane of the other. With a readout at every step
        that has its own pace besides.
        """
        paces = [self.readout_pace] if self.design.capabilities.reads_every_step else []
        return max(self.busy, ceil(self.design.network.features / BEAT_BYTES), *paces)

    @property
    def busy(self) -> int:
        """Cycles for which a step keeps crossbars, converters or cell to itself: `period` without the input."""
        design = self.design
        return max(self.stretch.planes(design.formats.stream_bits) + (design.crossbar.integrators == 1), self.pace)

    @property
    def step(self) -> int:
        """Cycles of a step of a lone sequence, from the first plane to the last state.

        Planes, sample, convert and the conversion that the tiles see a cycle later, one a fold, and two for the states
        and the words of the last. With bistable cells planes and sample, or planes alone with two integrators: the step
        after does not wait for the states.
        """
        design, planes = self.design, self.stretch.planes(self.design.formats.stream_bits)
        if design.capabilities.bistable:
            return planes + (design.crossbar.integrators == 1)
        return planes + 1 + PIN + self.conversion + design.folds + 2

    @property
    def paced_step(self) -> int:
        """Cycles of a step of a lone sequence whose answer is not stalled.

        With a readout at every step its readout is under way while the next step is, and a step waits until the readout
        of the one before has begun: the more of `step` and `readout_pace`. With MiRU cells that is the more of `step`
        and one beat a class and the header, because a step has planes and a conversion too.
        """
        return max(self.step, self.readout_pace) if self.design.capabilities.reads_every_step else self.step

    @property
    def conversion(self) -> int:
        """Cycles from the conversion that the tiles see to the use of its codes."""
        return self.design.crossbar.adc_cycles + self.stretch.convert

    @property
    def readout(self) -> int:
        """Cycles of a readout; more where the answer still waits for its place.

        Planes, sample, convert and the conversion that the tiles see a cycle later, one a class, and the hand-over.
        With bistable cells the states of the last step settle before.
        """
        design = self.design
        # A gap before the sample of the last step is counted there, with two integrators here by the hardware.
        settle = design.capabilities.bistable * (2 + (design.crossbar.integrators == 2))
        planes = self.stretch.planes(design.readout_planes)
        return settle + planes + 1 + PIN + self.conversion + 1 + design.network.classes

    @property
    def readout_pace(self) -> int:
        """Fewest cycles from a readout to the next: a whole one, as they do not overlap.

        With a readout at every step they do, and it is what takes longest: planes and sample (planes alone with two
        integrators), a conversion and three from its codes to the next sample, or the beats of a part of the answer.
        """
        design = self.design
        if not design.capabilities.reads_every_step:
            return self.readout
        planes = self.stretch.planes(design.readout_planes) + (design.crossbar.integrators == 1)
        return max(planes, self.conversion + 3, 1 + design.network.classes)

    def sequence(self, steps: int) -> int:
        """Cycles from the first plane of a sequence to its answer, or to the last part of it."""
        return steps * self.paced_step + self.readout

    def lone(self, steps: int) -> LoneCycles:
        """Cycles of the steps and of the readout of a sequence before which nothing is under way, as they are counted.

        With a readout at every step the first parts of an answer find every stage free, so that steps wait later, or
        never in a short sequence.
        """
        if self.design.capabilities.reads_every_step:
            return lone_cycles(self, steps)
        return LoneCycles(steps * self.step, self.readout)

    # Errors and feedback: hdl/learning/error_unit.py, hdl/learning/feedback_unit.py, hdl/learning/winner_unit.py
    # ---------------------------------
    @property
    def errors(self) -> int:
        """Cycles of the errors of an update: one a class."""
        return self.design.network.classes

    @property
    def _feedback_words(self) -> int:
        return ceil(self.design.network.classes / FEEDBACK_WORD_BITS)

    @property
    def first_feedback(self) -> int:
        """Cycles from the start of the feedback unit to the first value.

        DRAW, HASH until the first word is drawn, HASH one for every further word, SUM one a class, VALID.
        """
        return 1 + HASH_CYCLES + (self._feedback_words - 1) + self.design.network.classes + 1

    def next_feedback(self, waited: int = 0) -> int:
        """Cycles from the take of a value to the next one, whose first word has been drawn since the last SUM began.

        HASH until that word is drawn, at least one, and one for every further word, SUM one a class, VALID.

        Args:
            waited: cycles for which the value was valid before it was taken.
        """
        classes, words = self.design.network.classes, self._feedback_words
        last_sum = classes - FEEDBACK_WORD_BITS * (words - 1)
        return max(1, HASH_CYCLES - last_sum - waited) + (words - 1) + classes + 1

    @property
    def selection(self) -> int:
        """Cycles of finding the winners when all feedback is there: SELECT one a bit of the largest feedback."""
        return unsigned_width(feedback_bound(self.design))

    @property
    def preparation(self) -> int:
        """Cycles of an update before the feedback of the first group of columns is there, as FEEDBACK_CYCLES counts.

        ERROR, and LAUNCH until the values of the group are gathered, one a cycle from the first on. Where winners are
        selected, GATHER takes all values first, and SELECT follows.
        """
        return update_cycles(self.design, 1).preparation

    # Columns: hdl/learning/learning_engine.py, hdl/learning/write_controller.py
    # ---------------------------------------------------------
    def group(self, steps: int) -> int:
        """Fewest cycles from one group of hidden columns to the next: LAUNCH, and WALK one a step.

        More where the rounding of the group before, or its pulses, take longer: see `rounding`.
        """
        return max(SUMMED, 1 + steps) * self.design.learning_folds

    @property
    def rounding(self) -> int:
        """Cycles of rounding a whole group of columns, a few rows a cycle, beside the walk of the group after."""
        return self.design.learning.columns * rounded_words(self.design) * self.design.learning_folds

    @property
    def most_writing(self) -> int:
        """Most cycles of the pulses of a column.

        TILE for each row tile: until its flags are sensed, a pulse as often as a weight may get one, and one to go on.
        """
        tiles = ceil(self.design.hidden_rows / self.design.crossbar.rows)
        return tiles * (self.sense + self.design.learning.max_pulses * self.pulse + 1)

    def _most_verified(self, layer: Layer) -> Writing:
        """Verified pulses of a column that take longest: all of its rows get all they may, and none moves."""
        rows = min(self.design.crossbar.rows, self.design.hidden_rows)
        pulses, again = self.design.learning.max_pulses, self.design.learning.verify_give_up - 1
        all_rows = (True,) * rows
        rounds = Round(pulses, pulses, all_rows), *(Round(1, 1, all_rows),) * again
        tiles = range(ceil(self.design.hidden_rows / self.design.crossbar.rows))
        return column_writing(self, layer, [VerifiedTile(0, tile, rounds) for tile in tiles])

    def rows_read(self, layer: Layer, rows: int) -> int:
        """Cycles of reading rows of a tile in verified learning, from the one after its start to the last sum.

        The first is integrated as often as makes a level weigh 2^f codes, and sampled; later samples follow as fast as
        integration, conversion and `SAMPLE_GAP` let them; the last is converted and added up.
        """
        verification = Verification.of(self.design)
        shift = adc_shift(self.design, layer) + verification.fine_bits
        integrate = self.stretch.planes(1) - 1 + (1 << max(0, shift - (self.design.formats.stream_bits - 1)))
        converts = 1 + PIN + self.conversion
        pace = max(integrate + 1, converts, SAMPLE_GAP)
        return integrate + 1 + (rows * verification.reads - 1) * pace + converts + 1

    @property
    def sense(self) -> int:
        """Cycles from the selection of a column to its flags: the pins, the macro, the register of the flags."""
        return PIN + self.design.crossbar.sense_cycles + 1

    @property
    def pulse(self) -> int:
        """Cycles from a pulse to the next on flags sensed since: launched, at the pins, busy, sensed."""
        return 1 + PIN + self.design.crossbar.pulse_cycles + self.stretch.pulse + 1

    def fewest_update(self, steps: int, winners: tuple[int, ...] | None = None) -> int:
        """Cycles of an update whose columns have no pulses, as LEARN_CYCLES counts.

        What `remora.spec.crossbar.update_cycles` counts: preparation, all groups, and what is under way at the end.
        Where winners are selected, their places decide. Without them this is a bound: as many groups as they need at
        least.

        Args:
            winners: the hidden units that learn, where they are known.
        """
        selects = self.design.capabilities.selects
        if not selects or winners is not None:
            return update_cycles(self.design, steps, winners=winners if selects else None).update
        groups = ceil(self.design.winners / self.design.learning.columns)
        return self.preparation + groups * self.group(steps) + self.design.network.classes

    def most_update(self, steps: int) -> int:
        """Most cycles of an update: every column learns, and gets the most pulses."""
        writing = Writing(2 + self.most_writing)
        if self.design.capabilities.verifies_learning:
            writing = max((self._most_verified(layer) for layer in Layer), key=lambda each: each.cycles)
        return update_cycles(self.design, steps, writing).update

    def verified_update(
        self, steps: int, tiles: Iterable[VerifiedTile], winners: tuple[int, ...] | None = None
    ) -> tuple[int, int]:
        """Fewest and most cycles of an update whose pulses are verified, as LEARN_CYCLES counts.

        They differ where flags settle slower than a row is read: a tile that was chosen before does not wait for them.

        Args:
            tiles: what it pulsed and read, in the order of the update.
            winners: the hidden units that learn, where the design selects them.
        """
        chosen, pulsed = winners if self.design.capabilities.selects else None, list(tiles)
        fewest, most = (
            written_update_cycles(self.design, steps, column_writings(self, pulsed, settled), chosen).update
            for settled in (True, False)
        )
        return fewest, most

    # Replay: hdl/crossbar/sequencer.py, hdl/learning/reservoir.py, hdl/learning/replay_quantiser.py
    # ----------------------------------------------
    @property
    def quantised_step(self) -> int:
        """Cycles of a step of an insertion: READ and HASH until the first few features are drawn for, one for every
        few more, and STORE."""
        return DRAW + (ceil(self.design.network.features / QUANTISER_BYTES) - 1) + 1

    def insert_accepted(self, steps: int) -> int:
        """Cycles of an insertion that is accepted while there is room; in a full reservoir `DRAW` more an attempt.

        INSERT, QUANTISE, and all steps.
        """
        return 1 + 1 + steps * self.quantised_step

    def fewest_replay(self, steps: int) -> int:
        """Fewest cycles of a replay, as REPLAY_CYCLES counts: its draw, and a sequence that learns without pulses."""
        return REPLAY_DRAW + steps * self.step + self.readout + self.fewest_update(steps)

    def most_replay(self, steps: int, attempts: int) -> int:
        """Most cycles of a replay whose slot is drawn at the latest by this attempt."""
        return REPLAY_DRAW + (attempts - 1) * DRAW + self.sequence(steps) + self.most_update(steps)

    # Weight window: hdl/crossbar/weight_window.py, hdl/crossbar/column_probe.py
    # --------------------------------------------------------------------------
    def device_read(self, layer: Layer, fine: bool = False, finer: int = 0) -> int:
        """Cycles of reading one device; ``fine``: as of rule W3.

        PROBE, INTEGRATE as often as makes a level weigh 2^``finer`` codes, SAMPLE, CONVERT, WAIT as long as the
        converter takes.
        """
        planes = self.design.formats.stream_bits if layer is Layer.HIDDEN else self.design.readout_planes
        shift = adc_shift(self.design, layer) + finer + fine * self.design.fine_bits
        integrate = 1 << max(0, shift - (planes - 1))
        # The wordline stays while it is integrated several times.
        return 1 + self.stretch.planes(1) - 1 + integrate + 1 + 1 + PIN + self.conversion

    @property
    def idle_read(self) -> int:
        """Cycles of a sample of no words: as `device_read`, without what is integrated."""
        return 1 + self.stretch.settle + 1 + 1 + PIN + self.conversion

    def drive(self, planes: int) -> int:
        """Cycles for which driving a slice keeps the window busy: DRIVE, the planes, and DONE."""
        return 1 + planes * (1 + self.stretch.integrate) + 1

    @property
    def convert(self) -> int:
        """Cycles for which converting what drives gathered keeps the window busy.

        CONVERT, the gap, SAMPLE, CONVERT of the probe, WAIT as long as the converter takes, DONE.
        """
        return 1 + self.stretch.settle + 1 + 1 + PIN + self.conversion + 1

    def slice_read(self, layer: Layer, rows: int) -> int:
        """Cycles for which reading ``rows`` of a column keeps the window busy: every device, and DONE."""
        return rows * self.device_read(layer) + 1

    def slice_commit(self, layer: Layer, rows: int, pulses: int) -> int:
        """Cycles for which programming ``rows`` of a column keeps the window busy.

        ERASE and RAISE a cycle each and `pulse` for every pulse, and all devices read. The flags of the column are
        sensed before. A window that verifies reads the devices of rule W4 instead, as if no row needed a correction.
        Where there is a fault map, reading its marks comes first, asked for and taken.
        """
        programming = 1 + 1 + pulses * self.pulse + 2 * self.design.capabilities.compensates
        if self.design.capabilities.verifies:
            return programming + self.slice_verify(layer, rows) + 1
        return programming + self.slice_read(layer, rows)

    def slice_verify(self, layer: Layer, rows: int) -> int:
        """Cycles of reading ``rows`` that are not verified yet: every read, CHECK of each row, and CORRECT."""
        return rows * (self.design.crossbar.verify_reads * self.device_read(layer, fine=True) + 1) + 1

    def column_read(self, tile: Tile) -> int:
        """Cycles for which reading a whole column of a tile keeps the window busy, a slice after the other."""
        return sum(self.slice_read(tile.layer, part.stop - part.start) for part in tile.window_slices)

    @property
    def most_commit(self) -> int:
        """Most cycles of programming a slice of a column: its pairs are erased from full, and raised to full, and
        every row is corrected as often as it may be."""
        crossbar = self.design.crossbar
        pulses = crossbar.erase_pulses + crossbar.raise_pulses
        rows = min(crossbar.rows, WINDOW_ROWS)
        commit = max(self.slice_commit(layer, rows, pulses) for layer in Layer)
        corrections = crossbar.verify_pulses * (
            self.pulse + max(self.slice_verify(layer, rows) for layer in Layer) if crossbar.verify_pulses else 0
        )
        # The fault map may still be cleared when a commit begins.
        cleared = fault_words(self.design) if self.design.capabilities.compensates else 0
        return cleared + self.sense + commit + corrections
