"""The design point: one frozen, validated description from which golden, hardware and testbenches take every number.

Sections nest as in the TOML files (see ``spec/presets/``) and own what follows from them alone. What follows from
several sections are properties here, so that no width, shift or bound is ever written twice. Sizes may be any number
from 1; nothing needs to be a power of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isqrt
from typing import ClassVar

from remora.spec.crossbar.capabilities import Capabilities
from remora.spec.crossbar.counters import Counter, counters_of
from remora.spec.crossbar.cycles import Cycles
from remora.spec.crossbar.design_rules import faults, unheeded
from remora.spec.crossbar.formats import Formats
from remora.spec.crossbar.learning import REPLAY_BITS, Learning
from remora.spec.crossbar.network import Cell, Network, System
from remora.spec.crossbar.records import record_fields
from remora.spec.crossbar.register_parameters import register_source
from remora.spec.crossbar.tiles import Crossbar
from remora.spec.devices.model import DeviceModel, device_model
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import device_remarks
from remora.spec.lib.fixed import signed_width, unsigned_width
from remora.spec.lib.registers import RegisterSource
from remora.spec.lib.section import Design, RecordFields

__all__ = ["Cell", "Crossbar", "DesignPoint", "Devices", "Formats", "Learning", "Network", "System"]


class DesignPoint(Design):
    """Everything that golden, hardware and testbenches must agree on."""

    CORE: ClassVar[str] = "crossbar"

    network: Network = Network()
    cell: Cell = Cell()
    formats: Formats = Formats()
    crossbar: Crossbar = Crossbar()
    learning: Learning = Learning()
    devices: Devices = Devices()
    system: System = System()

    def faults(self) -> Iterator[str]:
        """See the base; as `remora.spec.crossbar.design_rules.faults`."""
        return faults(self)

    def unheeded(self) -> dict[str, str]:
        """Fields that change nothing of this design point's hardware → why."""
        return unheeded(self)

    def remarks(self) -> list[str]:
        """See the base; of devices."""
        return device_remarks(self)

    @property
    def capabilities(self) -> Capabilities:
        """What the hardware has beside inference with MiRU cells."""
        return Capabilities.of(self)

    # Counters, trace, registers ---------------------------------------------------------------------------------------
    def counters(self) -> tuple[Counter, ...]:
        """Counters of the hardware: those of learning only where it learns, those of replay only where it replays."""
        return counters_of(self.capabilities)

    def record_fields(self) -> dict[str, RecordFields]:
        """Fields of the trace's records, as `remora.spec.crossbar.records` describes them."""
        return record_fields(self)

    def register_source(self) -> RegisterSource:
        """SystemRDL of the register map, and its parameters."""
        return register_source(self)

    # Devices ----------------------------------------------------------------------------------------------------------
    def device_model(self) -> DeviceModel:
        """The integers of the device rules."""
        shifts = self.adc_shift, self.readout_adc_shift
        crossbar = self.crossbar
        return device_model(self.devices, crossbar.top_level, crossbar.fraction_bits, shifts, crossbar.pair)

    # Rows and tiles ---------------------------------------------------------------------------------------------------
    @property
    def wordlines(self) -> int:
        """Wordlines that the streamer drives: features, states, bias."""
        return self.network.features + self.network.hidden + 1

    @property
    def hidden_rows(self) -> int:
        """Wordlines of the hidden layer: features, states, bias; bistable cells remember, so theirs has no states."""
        return self.network.features + 1 if self.cell.bistable else self.wordlines

    @property
    def readout_rows(self) -> int:
        """Wordlines of the readout: states, bias. They are the last ones that the streamer drives."""
        return self.network.hidden + 1

    @property
    def hidden_tiles(self) -> int:
        """Tiles of the hidden layer."""
        return ceil(self.hidden_rows / self.crossbar.rows) * ceil(self.network.hidden / self.crossbar.columns)

    @property
    def readout_tiles(self) -> int:
        """Tiles of the readout layer."""
        return ceil(self.readout_rows / self.crossbar.rows) * ceil(self.network.classes / self.crossbar.columns)

    @property
    def banks(self) -> int:
        """Sequences that the sequence buffer holds: one a context, and the next one."""
        return self.system.contexts + 1

    @property
    def folds(self) -> int:
        """Passes of the cell lanes over the hidden units in one step."""
        return ceil(self.network.hidden / self.cell.lanes)

    # Number formats ---------------------------------------------------------------------------------------------------
    @property
    def adc_shift(self) -> int:
        """``rs`` shift from a bitline sum in units of whole levels to a code (7 by default)."""
        return self.formats.stream_bits + self.crossbar.level_bits - self.formats.adc_fraction_bits

    @property
    def readout_planes(self) -> int:
        """Bit planes of a word streamed to the readout: the state of a bistable cell is one bit."""
        return 1 if self.capabilities.bistable else self.formats.stream_bits

    @property
    def readout_adc_shift(self) -> int:
        """``rs`` shift from a readout's bitline sum to a code; that of the hidden layer, but for bistable cells.

        One plane of bits gives sums far smaller than eight do. There, what fits the converter is a random walk over
        all rows whose steps are a quarter of the largest weight, which is what training gives; more saturates.
        """
        if not self.capabilities.bistable:
            return self.adc_shift
        walk = self.crossbar.weight_limit * (isqrt(self.readout_rows - 1) + 1) // 4
        return max(0, -(-walk // self.formats.adc_limit) - 1).bit_length()

    @property
    def fine_bits(self) -> int:
        """f: in a fine read a level weighs 2^f codes, as many as the converter has room for. Rule W3."""
        return max(0, (self.formats.adc_limit // self.crossbar.weight_limit).bit_length() - 1)

    @property
    def sum_limit(self) -> int:
        """Largest magnitude of a hidden unit's bitline sum over all row tiles, in whole levels."""
        return self.formats.stream_limit * self.hidden_rows * self.crossbar.weight_limit

    @property
    def threshold_limit(self) -> int:
        """Largest magnitude of a bistable cell's threshold: beyond every sum, so larger ones would say the same."""
        return self.sum_limit + 1

    @property
    def threshold_bits(self) -> int:
        """Width of a threshold."""
        return signed_width(self.threshold_limit)

    @property
    def winners(self) -> int:
        """Hidden units that learn from one sequence."""
        return self.network.hidden if self.learning.winners == "all" else self.learning.winners

    @property
    def learning_lanes(self) -> int:
        """Rows of a column that learn at once."""
        return self.hidden_rows if self.learning.lanes == "all" else self.learning.lanes

    @property
    def learning_folds(self) -> int:
        """Passes of the learning lanes over the rows of a column."""
        return ceil(self.hidden_rows / self.learning_lanes)

    @property
    def replay_bytes(self) -> int:
        """Bytes of the replay memory: features of `REPLAY_BITS`, and of each sequence its label and its steps."""
        network = self.network
        head = unsigned_width(network.classes - 1) + unsigned_width(network.max_steps)
        bits = network.max_steps * network.features * REPLAY_BITS + head
        return -(-self.learning.replay_capacity * bits // 8)

    @property
    def codes_per_step(self) -> int:
        """Codes of single tiles that a step of the hidden layer takes; bistable cells take none."""
        return 0 if self.cell.bistable else self.network.hidden * ceil(self.hidden_rows / self.crossbar.rows)

    @property
    def codes_per_readout(self) -> int:
        """Codes of single tiles that a readout takes."""
        return self.network.classes * ceil(self.readout_rows / self.crossbar.rows)

    @property
    def macs_per_step(self) -> int:
        """Multiply-accumulates of one step of the hidden layer, bias included."""
        return self.hidden_rows * self.network.hidden

    @property
    def macs_per_readout(self) -> int:
        """Multiply-accumulates of one readout, bias included."""
        return self.readout_rows * self.network.classes

    @property
    def has_test_pin(self) -> bool:
        """The top has the input ``test_mode``."""
        return self.system.test_pin

    @property
    def has_memory_test(self) -> bool:
        """The top has the port of the memory test."""
        return self.system.memory_test

    @property
    def cycles(self) -> Cycles:
        """Cycles of each phase, equation by equation."""
        return Cycles(self)
