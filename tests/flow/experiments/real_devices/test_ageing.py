"""Ageing as an experiment: years, healing, a reservoir that is lost, and energy."""

from __future__ import annotations

import pytest

from remora.flow.experiments.real_devices import ageing
from remora.flow.experiments.real_devices.course import Course
from remora.flow.experiments.runner import Options, run_experiment
from remora.golden.learning.reservoir import ReservoirState
from tests.flow.report.charts import check_charts, series

CHOSEN = {"chips": ("pcm",), "ages": ("1h", "10y"), "heal": 40, "microwatts": 1000, "picowatts": 2}


def test_years_with_and_without_healing(small_stream, charts, tmp_path):
    options = Options(quick=True, directory=tmp_path, sequences=100, settings=CHOSEN)
    result, lines = run_experiment("ageing", ageing, options)
    assert set(result["chips"]) == {"ideal", "pcm"}
    ideal, pcm = result["chips"]["ideal"], result["chips"]["pcm"]
    assert ideal["aged"] == {"0": result["accuracy"]} and ideal["below_aged"] == {"0": 0} and not ideal["lost"]
    for way in ageing.WAYS:
        assert set(pcm[way]) == {"1h", "10y"}
        assert pcm[f"below_{way}"]["10y"] == pytest.approx(result["accuracy"] - pcm[way]["10y"])
    assert set(ideal["kept"]) == {"1h", "10y"}
    # An empty reservoir heals nothing, and asks for nothing; one of random bits replays all the same.
    assert pcm["lost"]["empty"] == {"healed": pcm["aged"]["10y"], "replays": 0}
    assert pcm["lost"]["garbage"]["replays"] == 40
    assert any(line.startswith("pcm, reservoir empty") and line.endswith("0 healing replays") for line in lines)
    rows = check_charts(charts, tmp_path, result)
    assert series(rows, "pcm over", "healed") == [pcm["healed"][age] for age in ("1h", "10y")]
    assert series(rows, "pcm over", "aged", "x") == [3600, 10 * ageing.YEAR]


def test_energy_is_that_of_replays_and_of_bits(small_stream):
    design = Course.of(Options(quick=True, sequences=20)).chip({})
    found = ageing.energy(design, 40, ageing.DAY, 1000, 2)
    replay = design.cycles.fewest_replay(design.network.max_steps) / (1e6 * design.system.clock_mhz)
    assert found["healing"] == pytest.approx(40 * replay * 1e-3)
    assert found["memory_watts"] == pytest.approx(8 * design.replay_bytes * 2e-12)
    assert found["memory"] == pytest.approx(86400 * found["memory_watts"])


def test_garbage_is_a_legal_reservoir_of_other_content(small_stream):
    course = Course.of(Options(quick=True, sequences=20))
    held = course.learnt(course.chip({}), lambda count: None).checkpoint().reservoir
    lost = ageing.garbage(held, course.chip({}))
    assert isinstance(lost.check(course.chip({})), ReservoirState) and len(lost.steps) == len(held.steps) > 10
    assert (lost.features != held.features).mean() > 0.5 and (lost.labels != held.labels).any()


def test_ages_rise():
    assert list(ageing.AGES.values()) == sorted(ageing.AGES.values()) and set(ageing.QUICK_AGES) < set(ageing.AGES)
