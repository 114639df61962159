"""The recurrent datapath on a chip of real devices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.counted_words import CountedWords
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
        levels = weights.hidden, weights.readout
        self.devices = devices or DeviceState.of(design, levels)
        if any(layer.biases is None for layer in self.devices.layers):
            self.devices.set_biases(design, levels)
        self.chip = Chip.of(design, self.devices.spares)
        hidden, readout = (DeviceLayer(design, layer, self.chip, self.devices.layers[layer]) for layer in Layer)
        self._noisy = self.chip.model.reads_noisily
        self._set_up(design, (hidden, readout), coefficients, batch, history)

    def age(self, ticks: int) -> None:
        """Let time pass between sequences. Rule D11; ``ValueError`` where it is no age."""
        self.devices.age(self.chip, ticks)
        self.hidden.renew()
        self.readout.renew()

    def _allocate(self, batch: int) -> None:
        super()._allocate(batch)
        network, depth = self.design.network, self.hidden.depth
        # What a sample gathers lies together, sums before variances; so do words and what they count as.
        self._stacks = np.empty((depth, *self._tile_codes.shape))
        self._tile_codes = self._stacks[0]
        steps, rows = network.max_steps if self._history else 1, self.hidden.counted_by_word()
        self._counter = CountedWords(self.design, self._coefficients.reset, rows)
        self._counted = np.zeros((steps, len(rows), batch, network.hidden))
        words = self._counted[:, 0]
        self._words = words if self._history else [words[0]] * network.max_steps
        self._space = np.empty((depth, batch, network.hidden))

    def _view(self, n: int, steps: int) -> None:
        super()._view(n, steps)
        depth, shape = len(self._stacks), self.tile_codes.shape
        self.stack = self._stacks.reshape(depth, -1)[:, : self.tile_codes.size].reshape(depth, *shape)
        counted = [self._counted[at if self._history else 0][:, :n] for at in range(steps)]
        self._work_view = self._space[:, :n]
        self._step_views = []
        for t, (each, following) in enumerate(zip(counted, [*counted[1:], None], strict=True)):
            stacks, own = [self.stack[:, number, t] for number in range(shape[0])], each[-depth:]
            sample = self.hidden.step_of_one(own, self._work_view)
            self._step_views.append((stacks, own, sample, (stacks[0], stacks[0][0], stacks[0][-1]), following))

    def _start(self, inputs: NDArray, lengths: NDArray[np.integer] | None, numbers: NDArray[np.integer] | None) -> None:
        steps, sequences = self.inputs.shape[:2]
        flat = self.stack.reshape(len(self.stack), len(self.tile_codes), len(inputs), -1)
        self._step_views[0][1].fill(0)
        if not self._noisy:
            self._step_entries: list[NDArray | None] = [None] * steps
            self._entries = self._readout_entries = self._last_entries = None
            self.hidden.begin(inputs, flat, None)
            return
        if numbers is None:
            numbers = (self.devices.started + np.arange(sequences)) & SEQUENCE_MASK
        self._entries = self.hidden.entries_of(numbers, steps)
        self._step_entries = list(self._entries[0])
        self.hidden.begin(inputs, flat, self._entries.reshape(len(self.tile_codes), len(inputs), -1))
        if self.step_readouts:
            self._readout_entries = self.readout.entries_of(numbers, steps)
        last = np.full(sequences, steps) if lengths is None else np.asarray(lengths)
        self._last_entries = self.readout.entries_at(numbers, last - 1)

    def _advance_all(self, active: list[int], sequences: int, on_step: Callable[[int, int], None] | None) -> None:
        """As of `Datapath`; where nothing comes between the parts of a step, without what it looks up in each."""
        if not self._hands_on or active[-1] < sequences:
            super()._advance_all(active, sequences, on_step)
            return
        states, work, index, step = self._cells
        blend, count, watched = self._blend.blend, self._counter.count, on_step or self.step_readouts
        for t, (_, _, sample, (stack, sums, sigma), following) in enumerate(self._step_views):
            assert sample, "there is more than one row tile"
            sample(stack, sums, sigma, self._step_entries[t])
            blend(sums, states, index, work, step)
            if following is not None:
                count(states, following, index, work)
            if watched:
                if self.step_readouts:
                    self._read_step(t, sequences)
                if on_step:
                    on_step(t, sequences)

    def _add_states(self, t: int, words: NDArray, tile_codes: NDArray, work: NDArray) -> None:
        stacks, counted, *_ = self._step_views[t]
        active, entries = len(words), self._entries
        work = self._work_view[:, :active]
        for number, stack in enumerate(stacks):
            sampled = self.hidden.count_states(number, words, counted[:, :active])
            of_noise = None if entries is None else entries[number, t, :active]
            self.hidden.sample(number, sampled, stack[:, :active], of_noise, work)

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
