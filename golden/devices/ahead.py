"""Draws of pulses that are still to come: many at once cost little more than a few, see `remora.spec.lib.rng`.

A draw depends on the device and its number of pulses alone (rules D6 and D7), so that it may be made at any time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers
from remora.spec.devices.model import DeviceModel
from remora.spec.lib.rng import Purpose, deviate, draw_pairs

AHEAD = 4
"""Pulses of every device whose draws are kept."""
TOGETHER = 2048
"""Devices for which draws are made together: as many as a processor's nearest cache holds."""


class PulsesAhead:
    """The draws of the next pulses of a layer's devices, as deviates of rule R5."""

    def __init__(self, model: DeviceModel, made: ChipLayer):
        self._seed, self._index = model.seed, made.index.reshape(-1)
        asked = {Purpose.PULSE: model.pulses_noisily, Purpose.WRITE: model.writes_noisily}
        self._purposes = [purpose for purpose, noisy in asked.items() if noisy]
        self._first = np.full(self._index.size, -AHEAD, np.int64)
        self._kept = np.empty((self._index.size * AHEAD, 2 * len(self._purposes)), np.int16)

    def deviates(self, counts: Integers, devices: NDArray[np.intp], n: Integers) -> NDArray[np.int16]:
        """Those of the next pulse of each device: two of `Purpose.PULSE`, then two of `Purpose.WRITE`, of each as far
        as the model has such noise; (0 … 4, k).

        Args:
            counts: (devices,) pulses so far, of all devices.
            devices: (k,), those that are pulsed. ``n``: (k,), their counts.
        """
        offset = n - self._first[devices]
        if offset.view(np.uint64).max(initial=0) >= AHEAD:
            self._draw(np.flatnonzero((counts - self._first).view(np.uint64) >= AHEAD // 2), counts)
            offset = n - self._first[devices]
        offset += devices * AHEAD
        return self._kept.take(offset, axis=0).T

    def of_one(self, device: int, n: int) -> list[int] | None:
        """As `deviates`, of one device; None where they have not been drawn."""
        offset = n - self._first.item(device)
        return self._kept[device * AHEAD + offset].tolist() if 0 <= offset < AHEAD else None

    def _draw(self, devices: NDArray[np.intp], counts: Integers) -> None:
        self._first[devices] = counts[devices]
        for start in range(0, len(devices), TOGETHER):
            some = devices[start : start + TOGETHER, None]
            at = (some * AHEAD + np.arange(AHEAD)).reshape(-1)
            sequences = (counts[some] + np.arange(AHEAD)).reshape(-1)
            index = np.repeat(self._index[some], AHEAD)
            for number, purpose in enumerate(self._purposes):
                # What a pulse writes is keyed by the count after it.
                words = draw_pairs(self._seed, purpose, sequences + (purpose is Purpose.WRITE), index)
                self._kept[at, 2 * number : 2 * number + 2] = deviate(words).T
