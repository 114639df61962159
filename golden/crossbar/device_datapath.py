"""The recurrent datapath on a chip of real devices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.datapath import Datapath
from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class DeviceDatapath(Datapath):
    """A `Datapath` whose layers are those of a chip. Rules D1 to D18.

    Attributes:
        devices: their state; pulses change it in place.

    Args:
        devices: to start from, changed in place; freshly programmed to the weights where None.
    """

    hidden: DeviceLayer
    readout: DeviceLayer

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        batch: int,
        history: bool = False,
        devices: DeviceState | None = None,
    ):
        weights.check(design)
        self.chip = Chip.of(design)
        self.devices = devices or DeviceState.fresh(self.chip, (weights.hidden, weights.readout))
        hidden, readout = (DeviceLayer(design, layer, self.chip, self.devices.layers[layer]) for layer in Layer)
        self._set_up(design, (hidden, readout), coefficients, batch, history)

    def age(self, ticks: int) -> None:
        """Let time pass between sequences. Rule D11; ``ValueError`` where it is no age."""
        self.devices.age(self.chip, ticks)
        self.hidden.renew()
        self.readout.renew()

    def _start(self, inputs: NDArray, lengths: NDArray[np.integer] | None, numbers: NDArray[np.integer] | None) -> None:
        steps, sequences = self.inputs.shape[:2]
        if numbers is None:
            numbers = (self.devices.started + np.arange(sequences)) & SEQUENCE_MASK
        codes = self.tile_codes
        self._entries = self.hidden.entries_of(numbers, steps)
        flat = codes.reshape(len(codes), steps * sequences, -1)
        noise = None if self._entries is None else self._entries.reshape(flat.shape)
        self._power = self.hidden.begin(inputs, flat, noise)
        if len(self._power[0]):
            self._power = self._power.reshape(codes.shape)
        if self.step_readouts:
            self._readout_entries = self.readout.entries_of(numbers, steps)
        last = np.full(sequences, steps) if lengths is None else np.asarray(lengths)
        self._last_entries = self.readout.entries_at(numbers, last - 1)

    def _add_states(self, t: int, words: NDArray, tile_codes: NDArray, work: NDArray) -> None:
        active, entries = len(words), self._entries
        noisy = self._power.ndim == 4
        for number, sums in enumerate(tile_codes):
            power = self._power[number, t, :active] if noisy else self._power
            of_noise = None if entries is None else entries[number, t, :active]
            self.hidden.sample(number, words, sums, power, of_noise, work)

    def _read_step(self, t: int, active: int) -> None:
        entries = self._readout_entries
        self.readout.entries = None if entries is None else entries[:, t, :active]
        super()._read_step(t, active)

    def _read_out(self) -> None:
        self.readout.entries = self._last_entries
        super()._read_out()


def make_datapath(
    design: DesignPoint,
    weights: Weights,
    coefficients: Coefficients,
    batch: int,
    history: bool = False,
    devices: DeviceState | None = None,
) -> Datapath:
    """The datapath of a design point: of real devices where it has some.

    Args:
        devices: as of `DeviceDatapath`; None where devices are ideal.

    Raises:
        ValueError: a state of devices is given that this design point cannot have.
    """
    if design.devices.ideal:
        if devices is not None:
            raise ValueError("a state of devices is given, but those of this design point are ideal")
        return Datapath(design, weights, coefficients, batch, history)
    return DeviceDatapath(design, weights, coefficients, batch, history, devices)
