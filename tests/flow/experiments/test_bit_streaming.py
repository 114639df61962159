"""Bit streaming as an experiment."""

from __future__ import annotations

from remora.flow.experiments import bit_streaming
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.report.charts import cells, check_charts, series


def test_bit_streaming_errs_less_with_more_bits(few_bits, charts, tmp_path):
    result, lines = run_experiment("bit-streaming", bit_streaming, Options(directory=tmp_path, sequences=20))
    error = {(one["stream_bits"], one["adc_bits"]): one["error"] for one in result["rms_error"]}
    assert (2, 10) not in error and len(error) == 8
    assert error[2, 8] > 10 * error[7, 8] and error[8, 7] > 1.6 * error[8, 8] > 1.6**2 * error[8, 10]
    # Rounding to a code alone would give the deviation of a uniform distribution; the rounded inputs add a little.
    assert 0.28 < error[8, 8] / result["reference_code_step"] < 0.34
    assert "code steps" in lines[0]
    rows = check_charts(charts, tmp_path, result)
    curves = {(one["stream_bits"], one["adc_bits"]): one["error"] for one in result["curves"]}
    for bits in (2, 7, 8):
        assert series(rows, "by stream bits", f"{bits} bits") == curves[bits, 8]
        assert series(rows, "by stream bits", f"{bits} bits", "x") == result["amplitudes"]
    for bits in (7, 8, 10):
        assert series(rows, "by converter bits", f"{bits} bits") == curves[8, bits]
    assert cells(rows, "over all inputs") == [error.get((stream, adc)) for stream in (2, 7, 8) for adc in (7, 8, 10)]
