"""Error of weighted-bit streaming against full precision, over the input range, by stream bits and ADC bits.

One layer with random weights takes random inputs between 0 and an amplitude; its converted sums are compared with the
same product in real numbers, of inputs that are not rounded. The error is given as root mean square over the
conversions that do not saturate, in units of the candidate's argument; the share that saturates is given apart.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.report.figures import Chart, Curve, Map, Panel
from remora.flow.sweep.units import Context, Unit
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.design import Crossbar, DesignPoint, Formats, Learning, Network
from remora.spec.lib.fixed import saturate

SUMMARY = "error of weighted-bit streaming against full precision, by stream bits and ADC bits"
TAKES_SEQUENCES = True
STREAM_BITS, ADC_BITS = range(2, 9), range(4, 11)
REFERENCE_BITS = 8
AMPLITUDES = tuple(step / 16 for step in range(1, 17))
ROWS, COLUMNS, LEVELS, LEVEL_BITS = 32, 32, 8, 3
VECTORS, QUICK_VECTORS = 2000, 200


def plan(options: Options) -> list[Unit]:
    """One unit for every pair of widths that can be built."""
    vectors = options.sequences or (QUICK_VECTORS if options.quick else VECTORS)
    cost = vectors * len(AMPLITUDES)
    return [
        Unit(
            {"design": design.model_dump(mode="json"), "vectors": vectors, "amplitudes": list(AMPLITUDES)},
            cost,
            partial(_measure, design, vectors),
        )
        for stream in STREAM_BITS
        for adc in ADC_BITS
        if (design := _design(stream, adc, options.seed))
    ]


def _design(stream_bits: int, adc_bits: int, seed: int) -> DesignPoint | None:
    """None where a code would be finer than the bitline's unit."""
    try:
        return DesignPoint(
            name="bit-streaming",
            network=Network(features=ROWS, hidden=COLUMNS, classes=1, max_steps=1),
            formats=Formats(stream_bits=stream_bits, adc_bits=adc_bits),
            crossbar=Crossbar(levels=LEVELS, level_bits=LEVEL_BITS),
            learning=Learning(seed=seed),
        )
    except ValueError:
        return None


def _measure(design: DesignPoint, vectors: int, context: Context) -> dict:
    """Error and saturation at every amplitude; all widths see the same weights and inputs."""
    generator = np.random.default_rng(design.learning.seed)
    limit = design.crossbar.weight_limit
    levels = np.zeros((design.hidden_rows, COLUMNS), np.int16)
    levels[:ROWS] = generator.integers(-limit, limit + 1, (ROWS, COLUMNS))
    weights = Weights(levels, np.zeros((design.readout_rows, 1), np.int16))
    errors, saturated = [], []
    for amplitude in AMPLITUDES:
        x = amplitude * generator.random((vectors, ROWS))
        features = saturate(np.rint(256 * x), 255).astype(np.uint8)[:, None]
        kept = infer(design, weights, features, record=True).record
        assert kept is not None
        codes = kept.code[:, 0]
        exact = x @ (levels[:ROWS] * 2.0**-LEVEL_BITS)
        full = np.abs(codes) == design.formats.adc_limit
        error = (codes * 2.0**-design.formats.adc_fraction_bits - exact)[~full]
        errors.append(float(np.sqrt(np.mean(error**2))))
        saturated.append(float(full.mean()))
        context.advance(vectors)
    formats = design.formats
    return {"stream_bits": formats.stream_bits, "adc_bits": formats.adc_bits, "error": errors, "saturated": saturated}


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Curves over the input range and one number for every pair of widths."""
    by_bits = {(found["stream_bits"], found["adc_bits"]): found for found in results}
    whole = {bits: float(np.sqrt(np.mean(np.square(found["error"])))) for bits, found in by_bits.items()}
    reference = whole[REFERENCE_BITS, REFERENCE_BITS]
    code_step = 2.0 ** -_fraction_bits(REFERENCE_BITS)
    result = {
        "amplitudes": list(AMPLITUDES),
        "curves": results,
        "rms_error": [{"stream_bits": s, "adc_bits": a, "error": error} for (s, a), error in whole.items()],
        "reference_error": reference,
        "reference_code_step": code_step,
    }
    lines = (
        f"{REFERENCE_BITS} stream bits, {REFERENCE_BITS}-bit ADC: RMS error {reference:.4f} of the argument, "
        f"{reference / code_step:.2f} code steps (rounding alone: 0.29)",
    )
    return Conclusion(result, {"error": _chart(by_bits, whole)}, lines)


def _chart(by_bits: dict[tuple[int, int], dict], whole: dict[tuple[int, int], float]) -> Chart:
    """Error over the input range for either width, and of every pair of widths over all inputs."""
    streams = [(bits, by_bits[bits, REFERENCE_BITS]) for bits in STREAM_BITS]
    codes = [(bits, by_bits[REFERENCE_BITS, bits]) for bits in ADC_BITS]
    curves = [
        Panel(
            f"{REFERENCE_BITS}-bit {other}, by {name} bits",
            "largest input, full scale = 1",
            "RMS error of the argument",
            [
                Curve(f"{bits} bits", *_drawable(found), shade=position / max(1, len(family) - 1))
                for position, (bits, found) in enumerate(family)
            ],
            y_log=True,
        )
        for family, name, other in ((streams, "stream", "converter"), (codes, "converter", "stream"))
    ]
    errors = [[whole.get((stream, adc), float("nan")) for adc in ADC_BITS] for stream in STREAM_BITS]
    text = [["–" if np.isnan(error) else f"{error:.2g}" for error in row] for row in errors]
    whole_map = Map(ADC_BITS, STREAM_BITS, errors, "RMS error of the argument", text, logarithmic=True)
    return Chart([*curves, Panel("error over all inputs", "converter bits", "stream bits", [whole_map])])


def _drawable(found: dict) -> tuple[list[float], list[float]]:
    """Amplitudes and errors where a conversion did not saturate."""
    pairs = [(x, error) for x, error in zip(AMPLITUDES, found["error"], strict=True) if error > 0]
    return [x for x, _ in pairs], [error for _, error in pairs]


def _fraction_bits(adc_bits: int) -> int:
    """Fraction bits of a code of so many bits."""
    return DesignPoint(name="step", formats=Formats(adc_bits=adc_bits)).formats.adc_fraction_bits
