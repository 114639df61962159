"""Shrinking, and the log: without hardware, on a system that has only numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from remora.flow.systems.crossbar.soak.soaker import CrossbarSoaker
from remora.flow.verify.soak.campaign import Campaign, saved_point
from remora.flow.verify.soak.engine import Outcome
from remora.flow.verify.soak.log import Line, Log
from remora.flow.verify.soak.shrink import shrink
from remora.flow.verify.soak.soaker import Candidates, SoakPoint, read_point
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError

TRAFFIC = {
    "seed": 5, "sequences": 900, "last": 900, "stall": 0.4, "bad": 0.2, "window": True, "commands": True,
    "readbacks": 2, "resets": 3,
}  # fmt: skip


def large() -> SoakPoint:
    """A design point of several units, with fields that are not those by default."""
    design = DesignPoint(name="soak").evolve(
        network={"features": 5, "hidden": 6, "classes": 4, "max_steps": 7},
        cell={"lanes": 2},
        crossbar={"rows": 3, "columns": 4, "levels": 20},
        formats={"stream_bits": 5},
    )
    return SoakPoint("crossbar", design.stated(), TRAFFIC)


def test_what_does_not_matter_is_taken_away():
    tried: list[SoakPoint] = []

    def fails(point: SoakPoint) -> bool:
        """Any sequence after the 36th fails where there are three hidden units or more and tiles of few rows."""
        tried.append(point)
        design = CrossbarSoaker().load(point.design)
        return point.traffic["last"] > 36 and design.network.hidden >= 3 and design.crossbar.rows < 9

    small = shrink(large(), Candidates(CrossbarSoaker()), fails, seconds=60)
    assert len(tried) > 20 and len({point.key for point in tried}) == len(tried)
    assert fails(small)
    assert 36 < small.traffic["last"] <= 45
    assert {name: small.traffic[name] for name in ("stall", "bad", "window", "commands", "readbacks", "resets")} == {
        "stall": 0.0, "bad": 0.0, "window": False, "commands": False, "readbacks": 0, "resets": 0,
    }  # fmt: skip
    found, plain = CrossbarSoaker().load(small.design), CrossbarSoaker().load({"name": "soak"})
    layers = found.network
    assert (layers.features, layers.classes, layers.max_steps) == (1, 1, 1) and layers.hidden in (3, 4)
    assert found.crossbar.rows == 3 and found.crossbar.levels == plain.crossbar.levels
    assert found.formats == plain.formats
    for point in tried:
        CrossbarSoaker().load(point.design)


def test_shrinking_ends_in_time():
    assert shrink(large(), Candidates(CrossbarSoaker()), lambda point: True, seconds=-1) == large()


def test_a_point_is_written_and_read(tmp_path):
    path = tmp_path / "point.json"
    path.write_text(large().text, encoding="utf-8")
    assert read_point(path) == large() and read_point(path).key == large().key
    assert saved_point(tmp_path) == saved_point(path) == large()
    other = SoakPoint("crossbar", large().design, {**TRAFFIC, "seed": 6})
    assert other.key != large().key and other.design_key == large().design_key
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(RemoraError, match="no run of a soak"):
        read_point(path)
    with pytest.raises(RemoraError, match="name a folder"):
        saved_point(tmp_path / "none")


def test_the_log_adds_up(tmp_path):
    path, first, second = (
        tmp_path / "soak.jsonl",
        large(),
        SoakPoint("crossbar", large().design, {**TRAFFIC, "seed": 6}),
    )
    Log(path).add(Line.of(first, Outcome(1000, 20, 10), 1, 0, "c"))
    log = Log(path)
    assert first in log and second not in log
    log.add(Line.of(second, Outcome(500, 5, 0, 3, "differs", "golden"), 1, 0, "c"))
    log.add(Line.of(first, Outcome(1000, 20, 10), 1, 0, "d"))
    totals = Log(path).totals()
    assert totals == {
        "points": 1, "runs": 2, "cycles": 1500, "values_compared": 35, "third_values_compared": 10, "mismatches": 3,
        "failures": 1, "systems": {"crossbar": {"points": 1, "cycles": 1500}},
    }  # fmt: skip
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    path.write_text(json.dumps({"key": 1}) + "\n", encoding="utf-8")
    with pytest.raises(RemoraError, match="no log of a soak"):
        Log(path)
    assert Log(None).totals()["values_compared"] == 0


def test_draws_repeat_by_seed_and_number(tmp_path):
    soakers: Mapping[str, Any] = {"crossbar": CrossbarSoaker()}

    def drawn(seed: int) -> Iterator[list[SoakPoint]]:
        campaign = Campaign(soakers, seed, Log(None), tmp_path)
        return (campaign.draw(number) for number in range(8))

    one, same, other = list(drawn(3)), list(drawn(3)), list(drawn(4))
    assert one == same and one != other
    assert len({runs[0].design_key for runs in (*one, *other)}) == 16
    for runs in one:
        assert len({run.design_key for run in runs}) == 1 and len({run.key for run in runs}) == len(runs) == 3
        assert [run.traffic["window"] for run in runs] == [False, False, True]
