"""The recurrent datapath over whole sequences, for one sequence (training) or a batch of them (inference)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import TiledLayer, layer_dtype
from remora.golden.crossbar.cell import Coefficients, StateBlend, WordStreamer, feature_words
from remora.golden.crossbar.step_readouts import StepReadouts
from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class Datapath:
    """Hidden layer, cell and readout with preallocated buffers, which a run leaves filled.

    All arrays hold integers in `dtype`. With ``n`` sequences of ``T`` steps in the last run:

    Attributes:
        inputs: (T, n, features) streamed feature words.
        words: ``words[t]``, (n, hidden), streamed state words of step t; kept for every step only with ``history``.
        tile_codes: (row tiles, T, n, hidden) codes of each row tile; zero where a sequence had ended.
        codes: (T, n, hidden) of the layer; the same memory as `tile_codes` where there is one row tile and no gain.
        states: (n, hidden) last state of every sequence.
        readout_words: (n, hidden) state words streamed to the readout after the last step.
        readout_tile_codes: (row tiles, n, classes); `scores`: (n, classes) their saturated sum.
        step_readouts: those after every step, where the design point has them.
        hidden, readout: the layers; their `matrix` may be written between runs.
    """

    def __init__(
        self, design: DesignPoint, weights: Weights, coefficients: Coefficients, batch: int, history: bool = False
    ):
        dtype = layer_dtype(design)
        hidden = TiledLayer(design, Layer.HIDDEN, weights.check(design).hidden, dtype)
        readout = TiledLayer(design, Layer.READOUT, weights.readout, dtype)
        self._set_up(design, (hidden, readout), coefficients, batch, history)

    def _set_up(
        self,
        design: DesignPoint,
        layers: tuple[TiledLayer, TiledLayer],
        coefficients: Coefficients,
        batch: int,
        history: bool,
    ) -> None:
        self.design, (self.hidden, self.readout) = design, layers
        for layer, tiled in zip(Layer, layers, strict=True):
            tiled.set_gain(coefficients.gain(design, layer))
        self.dtype = self.hidden.matrix.dtype.type
        self._hands_on = self.hidden.hands_on
        self._coefficients = coefficients
        self._feature_words = feature_words(design).astype(self.dtype)
        self._blend = StateBlend(design, coefficients.update, self.dtype)
        self._streamer = WordStreamer(design, coefficients.reset, design.formats.word_shift, self.dtype)
        self._readout_streamer = WordStreamer(design, 1, design.formats.readout_word_shift, self.dtype)
        self._history = history
        self.step_readouts = StepReadouts(design, self.readout) if design.capabilities.reads_every_step else None
        self._allocate(batch)
        self._view(1, 1)

    def _allocate(self, batch: int) -> None:
        network, dtype = self.design.network, self.dtype
        steps, units, classes = network.max_steps, network.hidden, network.classes
        self._inputs = np.empty((steps, batch, network.features), dtype)
        self._tile_codes = np.empty((len(self.hidden.row_tiles), steps, batch, units), dtype)
        self._codes = np.empty((0 if self._hands_on else steps, batch, units), dtype)
        self._words = (
            np.zeros((steps, batch, units), dtype) if self._history else [np.zeros((batch, units), dtype)] * steps
        )
        self._states, self._work, self._step, self._readout_words = (np.empty((batch, units), dtype) for _ in range(4))
        self._index = np.empty((batch, units), np.intp)
        self._readout_codes = np.empty((len(self.readout.row_tiles), batch, classes), dtype)
        self._scores, self._readout_work = (np.empty((batch, classes), dtype) for _ in range(2))

    def run(
        self,
        features: NDArray,
        lengths: NDArray[np.integer] | None = None,
        on_step: Callable[[int, int], None] | None = None,
        numbers: NDArray[np.integer] | None = None,
    ) -> None:
        """Run sequences from the zero state to their ends and read them out.

        Rule F7.

        Args:
            features: (n, T, features) bytes, n up to the batch, T up to ``max_steps``.
            lengths: (n,) steps of each, falling, the first T; None where all take T.
            on_step: called as ``on_step(t, active)`` after step t has updated the first ``active`` states.
            numbers: (n,) of each sequence in the stream, by which real devices draw their noise; ideal ones draw none.
        """
        sequences, steps = features.shape[:2]
        if self.inputs.shape[:2] != (steps, sequences):
            self._view(sequences, steps)
        np.take(self._feature_words, features.view(np.uint8).transpose(1, 0, 2), out=self.inputs, mode="clip")
        flat = self.inputs.reshape(steps * sequences, -1)
        self._start(flat, lengths, numbers)
        self.states.fill(0)
        self.words[0].fill(0)
        active = [sequences] * steps if lengths is None else np.searchsorted(-lengths, -np.arange(steps)).tolist()
        if self.step_readouts:
            self.step_readouts.start(steps, sequences)
        self._advance_all(active, sequences, on_step)
        if self._hands_on:
            self.hidden.convert(self.codes)
        self._read_out()

    def _advance_all(self, active: list[int], sequences: int, on_step: Callable[[int, int], None] | None) -> None:
        """All steps, each of so many active sequences."""
        for t, n in enumerate(active):
            self._advance(t, n, sequences)
            if self.step_readouts:
                self._read_step(t, n)
            if on_step:
                on_step(t, n)

    def _start(self, inputs: NDArray, lengths: NDArray[np.integer] | None, numbers: NDArray[np.integer] | None) -> None:
        """Fill `tile_codes` with what does not depend on states; ``inputs``: (T · n, features) words."""
        for tile, sums in zip(self.hidden.row_tiles, self.tile_codes, strict=True):
            self.hidden.start(tile, inputs, sums.reshape(len(inputs), -1))

    def _read_step(self, t: int, active: int) -> None:
        """Rule O4."""
        assert self.step_readouts
        self.step_readouts.read(t, self._readout_streamer, self.states[:active])

    def _view(self, n: int, steps: int) -> None:
        network, tiles = self.design.network, len(self.hidden.row_tiles)
        self.inputs = _front(self._inputs, (steps, n, network.features))
        self.tile_codes = _front(self._tile_codes, (tiles, steps, n, network.hidden))
        self.codes = self.tile_codes[0] if self._hands_on else _front(self._codes, (steps, n, network.hidden))
        self.words = [words[:n] for words in self._words[:steps]]
        self.states, self.readout_words = self._states[:n], self._readout_words[:n]
        self.readout_tile_codes, self.scores = self._readout_codes[:, :n], self._scores[:n]
        # Views that every step would make anew, which for a single sequence costs as much as the arithmetic.
        following = [*self.words[1:], None]
        self._steps = list(zip(self.words, following, self.codes, self.tile_codes.swapaxes(0, 1), strict=True))
        self._cells = self.states, self._work[:n], self._index[:n], self._step[:n]

    def _advance(self, t: int, n: int, sequences: int) -> None:
        words, following, codes, tile_codes = self._steps[t]
        states, work, index, step = self._cells
        if n < sequences:
            tile_codes[:, n:] = 0
            codes[n:] = 0
            words, codes, tile_codes = words[:n], codes[:n], tile_codes[:, :n]
            states, work, index, step = (array[:n] for array in self._cells)
            following = None if following is None else following[:n]
        self._add_states(t, words, tile_codes, work)
        if not self._hands_on:
            # A single tile's sums are converted after the last step, all at once: the blend can do with sums.
            self.hidden.convert(tile_codes)
            self.hidden.total(tile_codes, codes)
        self._blend.blend(codes, states, index, work, step)
        if following is not None:
            self._streamer.stream(states, following, work)

    def _add_states(self, t: int, words: NDArray, tile_codes: NDArray, work: NDArray) -> None:
        """Complete the sums of step t, (row tiles, active, hidden), with words (active, hidden)."""
        for tile, sums in zip(self.hidden.row_tiles, tile_codes, strict=True):
            self.hidden.add(tile, words, sums, work)

    def _read_out(self) -> None:
        """Rules O1 and O2."""
        n = len(self.states)
        self._readout_streamer.stream(self.states, self.readout_words, self._work[:n])
        self.readout.read(self.readout_words, self.readout_tile_codes, self.scores, self._readout_work[:n])

    @property
    def word_history(self) -> NDArray[np.floating]:
        """`words` of all steps of the last run as one array (T, n, hidden), n = the batch; needs ``history``."""
        return np.asarray(self._words)[: len(self.inputs)]

    @property
    def recurrent_words_saturate(self) -> bool:
        """Whether any state can saturate a recurrent word, with the present coefficients."""
        return self._streamer.threshold is not None

    def recurrent_saturations(self, active: int) -> int:
        """Recurrent words that saturate among the first ``active`` sequences, from their present states."""
        return self._streamer.saturations(self.states[:active])

    def readout_saturations(self) -> int:
        """Readout words that saturated in the last run, of every readout."""
        return self.step_readouts.saturations if self.step_readouts else self._readout_streamer.saturations(self.states)

    def adc_saturations(self) -> int:
        """Codes of single tiles at full scale in the last run, both layers. Rules X6 and G3."""
        limit = self.design.formats.adc_limit
        readout_codes = self.step_readouts.tile_codes if self.step_readouts else self.readout_tile_codes
        return sum(int(np.count_nonzero(np.abs(codes) == limit)) for codes in (self.tile_codes, readout_codes))


def _front(buffer: NDArray, shape: tuple[int, ...]) -> NDArray:
    """A contiguous view of the front of a buffer."""
    return buffer.reshape(-1)[: int(np.prod(shape))].reshape(shape)
