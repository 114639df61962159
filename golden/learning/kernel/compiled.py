"""Learning compiled from C++: the numpy kernel's bits, several times as fast, for every design point.

Who wants it compiles `SOURCE`, which includes `HEADERS`, with `DEFINITIONS` and the headers and the definition of
`remora.golden.learning.kernel.update_rules.registry` as a shared library of C++20, and opens that with `open_kernel`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import c_double, c_int64, c_void_p
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, layer_dtype
from remora.golden.crossbar.cell import Coefficients, feature_words, signed_candidates
from remora.golden.crossbar.device_datapath import DeviceDatapath, make_datapath
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState
from remora.golden.learning.kernel.compiled_devices import BLOCK, CompiledDevices, DevicesStructure, aligned_zeros
from remora.golden.learning.kernel.compiled_verify import verified_tiles
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import Accumulators, GradientWatch, LearningKernel, MakeKernel, WeightUpdate
from remora.golden.learning.kernel.rules import BiasRule, feedback_matrix, learning_dtype, signed_derivatives
from remora.golden.learning.kernel.update_rules.registry import rule_index
from remora.golden.learning.pulses import Writes
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.verify import read_words
from remora.spec.crossbar.column_groups import ROUNDING_SLICES
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.gain.code_gain import UNITY
from remora.spec.crossbar.layout import Layer, adc_shift, bias_word
from remora.spec.crossbar.learning import (
    ERROR_CENTRE,
    ERROR_LIMIT,
    ROUNDING_SLICE_BITS,
    VERIFY_FEEDBACK_SHIFT,
    error_shift,
    rounding_index,
)
from remora.spec.crossbar.tables import DERIVATIVE_BITS
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.crossbar.verify.verification import Verification
from remora.spec.lib import rng
from remora.spec.lib.rng import Purpose

SOURCE = Path(__file__).with_suffix(".cpp")
HEADERS = tuple(
    Path(__file__).with_name(name) for name in ("compiled_devices.h", "network.h", "pairs.h", "pulses.h", "verify.h")
)
DEFINITIONS: Mapping[str, str] = {
    "ERROR_CENTRE": str(ERROR_CENTRE), "ERROR_LIMIT": str(ERROR_LIMIT),
    "ROUNDING_SLICES": str(ROUNDING_SLICES), "ROUNDING_SLICE_BITS": str(ROUNDING_SLICE_BITS),
    "ROUNDING_PURPOSE": str(int(Purpose.STOCHASTIC_ROUNDING)),
    "PULSE_PURPOSE": str(int(Purpose.PULSE)), "WRITE_PURPOSE": str(int(Purpose.WRITE)),
    "READ_PURPOSE": str(int(Purpose.READ)), "PROBE_PURPOSE": str(int(Purpose.PROBE)),
    "NORMAL_CENTRE": str(rng.NORMAL_CENTRE), "NORMAL_FACTOR": str(rng.NORMAL_FACTOR),
    "NORMAL_SHIFT": str(rng.NORMAL_SHIFT), "VERIFY_FEEDBACK_SHIFT": str(VERIFY_FEEDBACK_SHIFT),
    "ROUNDS": str(rng.ROUNDS), "ROTATIONS": ",".join(map(str, rng.ROTATIONS)), "KEY_PARITY": f"{rng.KEY_PARITY}u",
    "LANE_BITS": str(rng.LANE_BITS), "ATTEMPT_BITS": str(rng.ATTEMPT_BITS),
}  # fmt: skip
"""Macros that the source needs: name → value."""


class _Layer(ctypes.Structure):
    """``Layer`` of the source."""

    _fields_ = [
        *((name, c_void_p) for name in ("levels", "matrix", "accumulators", "gradient", "written")),
        *((name, c_void_p) for name in ("corrections", "offsets")),
        *((name, c_int64) for name in ("rows", "columns", "stride", "tile_rows", "first_row", "index", "digital")),
        *((name, c_double) for name in ("scale", "bias_scale", "rate", "bias_rate")),
        ("bias_zone", c_int64), ("zone", c_int64), ("gain", c_double),
        *((name, c_int64) for name in ("applied", "dropped", "written_devices", "given_up")),
        ("devices", c_void_p),
    ]  # fmt: skip


_ARRAYS = (
    "feature_words", "candidates", "derivatives", "feedback_matrix", "words", "readout_words", "codes", "deltas",
    "scores", "error", "states", "feedback", "learns", "sums", "spare", "drawn",
)  # fmt: skip
_NUMBERS = (
    "features", "stream_limit", "adc_limit", "weight_limit", "accumulator_limit", "level", "max_pulses", "winners",
    "seed", "pair", "rule", "verify_reads", "verify_level_shift", "verify_give_up", "verify_feedback",
)  # fmt: skip
PAIRS = ("canonical", "reference")
"""Policies of pairs in the order of ``kPairs`` in ``pairs.h``."""
_SCALES = ("reset", "update", "readout_scale", "error_scale", "derivative_scale")


class _Network(ctypes.Structure):
    """``Network`` of the source."""

    _fields_ = [
        ("hidden", _Layer), ("readout", _Layer), *((name, c_void_p) for name in _ARRAYS),
        *((name, c_int64) for name in _NUMBERS), *((name, c_double) for name in _SCALES),
    ]  # fmt: skip


def open_kernel(library: Path, rule: str | None = None) -> MakeKernel:
    """What makes kernels of a compiled library, which may have a rule of the update besides the bundled ones.

    Raises:
        OSError: it is no library of this machine, or compiled from another source.
    """
    opened = ctypes.CDLL(str(library))
    try:
        for function in (opened.remora_network_bytes, opened.remora_devices_bytes, opened.remora_verified):
            function.restype = c_int64
        fits = opened.remora_network_bytes() == ctypes.sizeof(_Network)
        fits &= opened.remora_devices_bytes() == ctypes.sizeof(DevicesStructure)
        for function in (opened.remora_learn_float, opened.remora_learn_double):
            function.argtypes = [c_void_p, c_void_p, c_int64, c_int64, ctypes.c_uint32, c_int64, c_int64]
            function.restype = None
    except AttributeError:
        fits = False
    if not fits:
        raise OSError(f"{library} is not compiled from {SOURCE.name}")
    return partial(_make_kernel, opened, rule)


def _make_kernel(library: ctypes.CDLL, rule: str | None, design: DesignPoint, *arguments, **named) -> LearningKernel:
    """A compiled kernel, or the numpy kernel where reads of an update see wires, which compiled code follows only after
    it."""
    if design.learning.verify_reads and not design.devices.ideal and design.device_model().wired:
        return NumpyKernel(design, *arguments, **named)
    return CompiledKernel(library, rule, design, *arguments, **named)


class CompiledKernel:
    """A `LearningKernel`; `open_kernel` makes what makes it."""

    def __init__(
        self,
        library: ctypes.CDLL,
        rule: str | None,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        accumulators: Accumulators | None = None,
        devices: DeviceState | None = None,
    ):
        self._design, self._rule = design, rule_index(design.learning.update, rule)
        single = layer_dtype(design) is np.float32 and learning_dtype(design) is np.float32
        self._dtype = np.float32 if single else np.float64
        self._learn = library.remora_learn_float if single else library.remora_learn_double
        self._library = library
        hidden, readout = accumulators or (None, None)
        self._hidden = _LayerArrays(design, Layer.HIDDEN, weights.hidden, hidden, self._dtype)
        self._readout = _LayerArrays(design, Layer.READOUT, weights.readout, readout, self._dtype)
        self._arrays, self._network = self._make_arrays(), _Network()
        self._bias_rules = BiasRule(), BiasRule()
        self._fill(coefficients)
        self._chip = _Chip(design, weights, (self._hidden, self._readout), devices)
        if self._chip.layers:
            self._network.hidden.devices, self._network.readout.devices = self._chip.addresses
        self._correct()

    def _correct(self) -> None:
        """What is added to codes, from the state of a chip where there is one. Rules K1 and K5."""
        states = self._chip.state.layers if self._chip.state else (None, None)
        layers = (self._network.hidden, self._hidden), (self._network.readout, self._readout)
        for (filled, arrays), state in zip(layers, states, strict=True):
            if state and state.biases is not None:
                arrays.levels[-1, : arrays.columns] = state.biases
            arrays.correct(filled, None if state is None else state.offsets)

    def _make_arrays(self) -> dict[str, NDArray]:
        """Arrays of `_Network`, kept since it holds bare addresses."""
        design, network, dtype = self._design, self._design.network, self._dtype
        units, classes = self._hidden.stride, self._readout.stride
        wider, steps = max(units, classes), network.max_steps
        shapes = {
            "feedback_matrix": (network.classes, units),
            "words": (steps, design.hidden_rows), "readout_words": (design.readout_rows,),
            "codes": (steps, units), "deltas": (steps, units), "scores": (classes,), "error": (classes,),
            "states": (units,), "feedback": (units,), "learns": (units,), "sums": (wider,), "spare": (wider,),
        }  # fmt: skip
        arrays = {name: aligned_zeros(shape, dtype) for name, shape in shapes.items()}
        arrays["words"][:, -1] = bias_word(design, Layer.HIDDEN)
        arrays["readout_words"][-1] = bias_word(design, Layer.READOUT)
        return arrays | {
            "drawn": aligned_zeros((2, wider), np.uint32),
            "feature_words": feature_words(design).astype(dtype),
            "candidates": signed_candidates(design).astype(dtype),
            "derivatives": signed_derivatives(design).astype(dtype),
        }

    def _fill(self, coefficients: Coefficients) -> None:
        design, learning, filled = self._design, self._design.learning, self._network
        for name, array in self._arrays.items():
            setattr(filled, name, array.ctypes.data)
        for kind, (name, layer) in zip(Layer, (("hidden", self._hidden), ("readout", self._readout)), strict=True):
            layer.fill(getattr(filled, name))
            gain = coefficients.gain(design, kind)
            getattr(filled, name).gain = 1.0 if gain is None else gain / UNITY
        values = {
            "features": design.network.features, "pair": PAIRS.index(design.crossbar.pair),
            "stream_limit": design.formats.stream_limit, "adc_limit": design.formats.adc_limit,
            "weight_limit": design.crossbar.weight_limit, "accumulator_limit": (1 << learning.accumulator_bits - 1) - 1,
            "level": learning.accumulator_level, "max_pulses": learning.max_pulses, "rule": self._rule,
            "verify_reads": learning.verify_reads, "verify_level_shift": Verification.of(design).level_shift,
            "verify_give_up": learning.verify_give_up, "verify_feedback": learning.verify_feedback,
            "reset": coefficients.reset * 2.0**-design.formats.word_shift,
            "update": coefficients.update * 2.0**-COEFFICIENT_BITS,
            "readout_scale": 2.0**-design.formats.readout_word_shift, "error_scale": 2.0 ** error_shift(design),
            "derivative_scale": 2.0 ** -(DERIVATIVE_BITS + learning.feedback_shift),
        }  # fmt: skip
        for name, value in values.items():
            setattr(filled, name, value)

    @property
    def levels(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """As `LearningKernel.levels` says."""
        if self._chip.layers:
            hidden, readout = (each.layer.levels for each in self._chip.layers)
            return hidden, readout
        return self._hidden.own(self._hidden.levels, np.int16), self._readout.own(self._readout.levels, np.int16)

    @property
    def accumulators(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """As `LearningKernel.accumulators` says."""
        hidden, readout = self._hidden, self._readout
        return hidden.own(hidden.accumulators, np.int32), readout.own(readout.accumulators, np.int32)

    @property
    def devices(self) -> DeviceState | None:
        """As `LearningKernel.devices` says."""
        return self._chip.state and self._chip.state.copy()

    def set_started(self, number: int) -> None:
        """As `LearningKernel.set_started` says."""
        if self._chip.state:
            self._chip.state.started = number

    def age(self, ticks: int) -> None:
        """As `LearningKernel.age` says."""
        self._chip.age(ticks)

    def configure(self, settings: LearningSettings) -> None:
        """As `LearningKernel.configure` says."""
        design, learning, filled = self._design, self._design.learning, self._network
        self._arrays["feedback_matrix"][:, : design.network.hidden] = feedback_matrix(design, settings.seed)
        filled.winners, filled.seed = settings.winners, settings.seed
        filled.verify_feedback = settings.verify_feedback
        filled.hidden.rate = 2.0 ** -(learning.hidden_shift + settings.hidden_rate_shift)
        filled.readout.rate = 2.0 ** -(learning.readout_shift + settings.readout_rate_shift)
        self.set_bias_rules(self._bias_rules)

    def set_bias_rules(self, rules: tuple[BiasRule, BiasRule]) -> None:
        """As `LearningKernel.set_bias_rules` says."""
        self._bias_rules = rules
        for layer, rule in zip((self._network.hidden, self._network.readout), rules, strict=True):
            layer.bias_rate = layer.rate * 2.0**-rule.rate_shift
            layer.bias_zone, layer.zone = rule.zone, rule.other_zone

    def learn(
        self, x: NDArray, label: int, number: int, watch: GradientWatch | None = None, until: int | None = None
    ) -> WeightUpdate:
        """As `LearningKernel.learn` says."""
        filled, arrays, network = self._network, self._arrays, self._design.network
        units, classes = network.hidden, network.classes
        columns = units + classes if until is None else until
        x = np.ascontiguousarray(x)
        self._chip.start()
        self._learn(ctypes.addressof(filled), x.ctypes.data, len(x), label, number, columns, watch is not None)
        self._chip.end(filled)
        if self._chip.state and self._hidden.digital:
            for state, held in zip(self._chip.state.layers, (self._hidden, self._readout), strict=True):
                state.biases = held.own(held.levels[-1:], np.int64)[0]
        winners = np.flatnonzero(arrays["learns"])
        if watch:
            hidden = self._hidden.own(self._hidden.gradient, np.int64)
            watch(hidden[:, winners], self._readout.own(self._readout.gradient, np.int64))
        scores = arrays["scores"][:classes].astype(np.int16)
        return WeightUpdate(
            scores, int(scores.argmax()), arrays["error"][:classes].astype(np.int16),
            arrays["feedback"][:units].astype(np.int32), winners, _writes(filled.hidden), _writes(filled.readout),
            verified_tiles(self._library, self._design.crossbar.rows) if self._design.learning.verify_reads else (),
        )  # fmt: skip


class _Chip:
    """Real devices of both layers; none where they are ideal."""

    def __init__(self, design: DesignPoint, weights: Weights, arrays: tuple[_LayerArrays, ...], devices):
        self.layers: tuple[CompiledDevices, ...] = ()
        self._path = None
        if not design.devices.ideal or devices is not None:
            path = make_datapath(design, weights, Coefficients.of(design), 1, devices=devices and devices.copy())
            self._path = path if isinstance(path, DeviceDatapath) else None
        self.state = self._path.devices if self._path else None
        if self._path:
            layers = zip((self._path.hidden, self._path.readout), arrays, strict=True)
            self.layers = tuple(
                CompiledDevices(
                    layer, array.stride, np.array(read_words(design, layer.made), np.int64),
                    adc_shift(design, layer.made.layer) + design.crossbar.fraction_bits,
                )
                for layer, array in layers
            )  # fmt: skip

    @property
    def addresses(self) -> tuple[int, ...]:
        """Of the structures."""
        return tuple(ctypes.addressof(each.structure) for each in self.layers)

    def age(self, ticks: int) -> None:
        """Let time pass. Rule D11."""
        if self._path:
            self._path.age(ticks)
        for each in self.layers:
            each.renew()

    def start(self) -> None:
        """Number the sequence. Rule D17."""
        if self.state:
            for each in self.layers:
                each.structure.started = self.state.started
            for each, probes in zip(self.layers, self.state.probes, strict=True):
                each.structure.probes = probes
            self.state.count_start()

    def end(self, filled: _Network) -> None:
        """Follow the pulses of a sequence."""
        for each, written in zip(self.layers, (filled.hidden, filled.readout), strict=False):
            if written.applied:
                each.pulsed()
        if self.state:
            hidden, readout = (each.structure.probes & SEQUENCE_MASK for each in self.layers)
            self.state.probes = hidden, readout


class _LayerArrays:
    """Arrays of a layer, (rows, stride), zero beyond its columns."""

    def __init__(self, design: DesignPoint, layer: Layer, levels: NDArray, accumulators: NDArray | None, dtype):
        rows, self.columns = levels.shape
        self.stride = -(-self.columns // BLOCK) * BLOCK
        self._rows, self._layer, self._design = rows, layer, design
        self._scale = 2.0 ** -adc_shift(design, layer)
        self.levels = aligned_zeros((rows, self.stride), np.int16)
        self.matrix, self.accumulators, self.gradient = (aligned_zeros((rows, self.stride), dtype) for _ in range(3))
        self.written, self.corrections, self.offsets = (aligned_zeros((self.stride,), dtype) for _ in range(3))
        self.digital = design.capabilities.digital_bias
        self.levels[:, : self.columns] = levels
        np.multiply(self.levels, self._scale, out=self.matrix)
        if accumulators is not None:
            self.accumulators[:, : self.columns] = accumulators

    def fill(self, filled: _Layer) -> None:
        """Set addresses, sizes and constants."""
        design = self._design
        for name in ("levels", "matrix", "gradient", "written"):
            setattr(filled, name, getattr(self, name).ctypes.data)
        if update_rule(design).accumulates:
            filled.accumulators = self.accumulators.ctypes.data
        filled.rows, filled.columns, filled.stride = self._rows, self.columns, self.stride
        filled.tile_rows, filled.scale = design.crossbar.rows, self._scale
        filled.digital, filled.bias_scale = self.digital, bias_word(design, self._layer) * self._scale
        # The readout's rows count as the last of the hidden layer's.
        filled.first_row = design.hidden_rows - self._rows
        filled.index = rounding_index(self._layer, 0)

    def correct(self, filled: _Layer, offsets: NDArray[np.integer] | None) -> None:
        """Add offsets and digital biases to the codes of the columns. Rules K1 and K5."""
        if offsets is None and not self.digital:
            return
        self.offsets[: self.columns] = 0 if offsets is None else offsets
        self.corrections[:] = self.offsets
        if self.digital:
            self.matrix[-1] = 0
            self.corrections += np.floor(self.levels[-1] * filled.bias_scale + HALF).astype(self.corrections.dtype)
        filled.corrections, filled.offsets = self.corrections.ctypes.data, self.offsets.ctypes.data

    def own(self, array: NDArray, dtype) -> NDArray:
        """The layer's columns of an array, copied."""
        return array[:, : self.columns].astype(dtype)


def _writes(filled: _Layer) -> Writes:
    return Writes(filled.applied, filled.dropped, filled.written_devices, filled.given_up)
