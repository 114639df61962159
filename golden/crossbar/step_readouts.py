"""The readouts after every step of a run, for design points that have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import TiledLayer
from remora.golden.crossbar.cell import WordStreamer
from remora.spec.crossbar.design import DesignPoint


class StepReadouts:
    """What the readout gives after each step of ``n`` sequences of ``T`` steps; zero where a sequence had ended.

    Rules O1 and O4.

    Attributes:
        words: (T, n, hidden) state words streamed to the readout.
        tile_codes: (row tiles, T, n, classes).
        scores: (T, n, classes) their saturated sum.
        saturations: how many of the words saturated.
    """

    def __init__(self, design: DesignPoint, readout: TiledLayer) -> None:
        self.design, self._readout = design, readout
        self.start(1, 1)

    def start(self, steps: int, sequences: int) -> None:
        """Begin a run."""
        network, tiles, dtype = self.design.network, len(self._readout.row_tiles), self._readout.matrix.dtype
        self.saturations = 0
        self.words = np.zeros((steps, sequences, network.hidden), dtype)
        self.tile_codes = np.zeros((tiles, steps, sequences, network.classes), dtype)
        self.scores = np.zeros((steps, sequences, network.classes), dtype)

    def read(self, t: int, streamer: WordStreamer, states: NDArray[np.floating]) -> None:
        """Read out the first sequences, whose states (active, hidden) are those after step ``t``."""
        active, classes = len(states), self.design.network.classes
        words, scores = self.words[t, :active], self.scores[t, :active]
        streamer.stream(states, words, np.empty_like(states))
        self.saturations += streamer.saturations(states)
        # Of one step, since what is read in place must be contiguous.
        codes = np.empty((len(self.tile_codes), active, classes), self.scores.dtype)
        self._readout.read(words, codes, scores, np.empty_like(scores))
        self.tile_codes[:, t, :active] = codes
