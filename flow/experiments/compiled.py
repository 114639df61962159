"""Golden's learning, compiled: the same bits on the same arrays, ten times as fast, for runs of a million sequences.

It is golden's trainer with the inside of `train_sequence` exchanged, so weights, χ, counts, replay and checkpoints are
golden's own, and the two may take turns. Golden remains the reference; the tests hold one against the other.
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.build import build_root
from flow.children import run_child
from golden.cell import feature_words, signed_candidates
from golden.crossbar import layer_dtype
from golden.learning import DfaTrainer, GradientWatch, StepWatch, Update, learning_dtype, winning_units
from golden.miru import check_features
from golden.pulses import Writes
from golden.replay import ReplayTrainer
from spec import rng
from spec.design import DesignPoint
from spec.design_rules import ROUNDING_SLICES
from spec.layout import Layer
from spec.learning import (
    ERROR_CENTRE,
    ERROR_LIMIT,
    ROUNDING_SLICE_BITS,
    UPDATE_COUNT_BITS,
    error_shift,
    rounding_index,
)
from spec.rng import Purpose
from spec.tables import DERIVATIVE_BITS, derivative_table

SOURCE = Path(__file__).with_suffix(".cpp")
OPTIONS = ("-O3", "-march=native", "-std=c++20", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
ARRAYS = (
    *("hidden_levels", "readout_levels", "hidden_matrix", "readout_matrix", "hidden_values", "readout_values"),
    *("words", "candidates", "derivatives", "feedback_matrix"),
    *("codes", "scores", "error", "feedback", "writes"),
)
SCALES = ("hidden_scale", "readout_scale", "derivative_scale", "reset", "update")


class _Arrays(ctypes.Structure):
    """`Arrays` of the source."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ARRAYS), *((name, ctypes.c_float) for name in SCALES),
        ("seed", ctypes.c_uint32),
    ]  # fmt: skip


def compile_replay(trainer: ReplayTrainer) -> None:
    """Let the compiled learning take over in a trainer, where the design point allows and there is a compiler."""
    if _fits(trainer.design) and _library(_macros(trainer.design)):
        trainer.dfa = CompiledTrainer.from_checkpoint(trainer.design, trainer.dfa.checkpoint())


def _fits(design: DesignPoint) -> bool:
    """Whether all rows of a column are in one tile and everything is exact in float32."""
    exact = layer_dtype(design) is np.float32 and learning_dtype(design) is np.float32
    return exact and design.hidden_rows <= design.crossbar.rows


def _macros(design: DesignPoint) -> tuple[str, ...]:
    network, learning = design.network, design.learning
    values = {
        "FEATURES": network.features, "HIDDEN": network.hidden, "CLASSES": network.classes, "STEPS": network.max_steps,
        "STREAM_LIMIT": design.stream_limit, "ADC_LIMIT": design.adc_limit, "ADC_SHIFT": design.adc_shift,
        "READOUT_WORD_SHIFT": design.readout_word_shift, "WEIGHT_LIMIT": design.weight_limit,
        "ERROR_CENTRE": ERROR_CENTRE, "ERROR_LIMIT": ERROR_LIMIT, "ERROR_SHIFT": error_shift(design),
        "DIRECT": int(learning.update == "direct"), "LEVEL": learning.accumulator_level,
        "MAX_PULSES": learning.max_pulses, "ACCUMULATOR_LIMIT": (1 << learning.accumulator_bits - 1) - 1,
        "ROUNDING_SLICES": ROUNDING_SLICES, "ROUNDING_SLICE_BITS": ROUNDING_SLICE_BITS,
        "HIDDEN_INDEX": rounding_index(Layer.HIDDEN, 0), "READOUT_INDEX": rounding_index(Layer.READOUT, 0),
        "ROUNDING_PURPOSE": int(Purpose.STOCHASTIC_ROUNDING), "ROUNDS": rng.ROUNDS,
        "ROTATIONS": ",".join(map(str, rng.ROTATIONS)), "KEY_PARITY": f"{rng.KEY_PARITY}u",
        "LANE_BITS": rng.LANE_BITS, "ATTEMPT_BITS": rng.ATTEMPT_BITS,
    }  # fmt: skip
    return tuple(f"-D{name}={value}" for name, value in values.items())


@cache
def _library(macros: tuple[str, ...]) -> ctypes.CDLL | None:
    """The source, compiled for sizes and formats; None where that fails."""
    command = ["c++", *OPTIONS, *macros]
    key = hashlib.sha256("\0".join([*command, SOURCE.read_text(encoding="utf-8")]).encode()).hexdigest()[:16]
    path = build_root() / f"learning-{key}" / "learning.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_file = path.with_suffix(".part")
        try:
            compiler = [*command, "-o", str(partial_file), str(SOURCE)]
            run_child(compiler, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).check_returncode()
        except (OSError, subprocess.CalledProcessError):
            return None
        partial_file.replace(path)
    return ctypes.CDLL(str(path))


class CompiledTrainer(DfaTrainer):
    """`golden.learning.DfaTrainer` at the speed of compiled code; use `compile_replay`, which knows where it fits."""

    def __init__(self, design: DesignPoint, *arguments, **named):
        super().__init__(design, *arguments, **named)
        self._library = _library(_macros(design))
        network, path, learning = design.network, self._datapath, design.learning
        derivative = np.array(derivative_table(design), np.float32)
        empty = np.zeros(0, np.float32)
        # Kept, since the structure holds bare addresses.
        self._held = {
            "hidden_levels": self._hidden.levels,
            "readout_levels": self._readout.levels,
            "hidden_matrix": path.hidden.matrix,
            "readout_matrix": path.readout.matrix,
            "hidden_values": empty if self._hidden.values is None else self._hidden.values,
            "readout_values": empty if self._readout.values is None else self._readout.values,
            "words": feature_words(design).astype(np.float32),
            "candidates": signed_candidates(design).astype(np.float32),
            "derivatives": np.concatenate([derivative[:0:-1], derivative]),
            "codes": np.zeros((network.max_steps, network.hidden), np.float32),
            "scores": np.zeros(network.classes, np.float32),
            "error": np.zeros(network.classes, np.float32),
            "feedback": np.zeros(network.hidden, np.float32),
            "writes": np.zeros((2, 3), np.int64),
        }
        self._arrays = _Arrays(
            **{name: array.ctypes.data for name, array in self._held.items()},
            derivative_scale=2.0 ** -(DERIVATIVE_BITS + learning.feedback_shift),
            reset=self.coefficients.reset * 2.0**-design.word_shift,
            update=self.coefficients.update / 256,
        )
        self._followed = None

    def _follow_settings(self) -> None:
        """Take over what was set since the last sequence."""
        if self._followed is self.settings:
            return
        self._followed, arrays = self.settings, self._arrays
        self._held["feedback_matrix"] = self._feedback
        arrays.feedback_matrix, arrays.seed = self._feedback.ctypes.data, self.settings.seed
        arrays.hidden_scale, arrays.readout_scale = 2.0**-self._hidden_shift, 2.0**-self._readout_shift

    def train_sequence(
        self,
        x: NDArray,
        label: int,
        watch: GradientWatch | None = None,
        on_step: StepWatch | None = None,
        until: int | None = None,
    ) -> Update:
        """As `DfaTrainer.train_sequence` says; golden itself does it where somebody watches, or the end is early."""
        if watch or on_step or until is not None:
            return super().train_sequence(x, label, watch, on_step, until)
        if not 0 <= label < self.design.network.classes:
            raise ValueError(f"label is {label}; it must be in 0…{self.design.network.classes - 1}")
        features = np.ascontiguousarray(x)
        check_features(self.design, features[None])
        self._follow_settings()
        arrays, held = ctypes.byref(self._arrays), self._held
        self._library.forward(arrays, ctypes.c_void_p(features.ctypes.data), len(features), int(label))
        winners = winning_units(held["feedback"], self.settings.winners)
        self.updates = (self.updates + 1) & ((1 << UPDATE_COUNT_BITS) - 1)
        learns = np.zeros(self.design.network.hidden, np.uint8)
        learns[winners] = 1
        self._library.update(arrays, len(features), ctypes.c_void_p(learns.ctypes.data), ctypes.c_uint32(self.updates))
        scores = held["scores"].astype(np.int16)
        hidden, readout = (Writes(*layer) for layer in held["writes"].tolist())
        return Update(
            scores, int(scores.argmax()), held["error"].astype(np.int16), held["feedback"].astype(np.int32), winners,
            hidden, readout,
        )  # fmt: skip
