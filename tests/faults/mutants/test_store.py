"""What is known of mutants: the short form among the sources."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutants.drawn import Mutant
from remora.flow.faults.mutants.store import OUTCOMES, Record, Tracked
from remora.spec.lib.errors import RemoraError

RECORDS = [Record(f"{number:012x}", "inv", ("hdl/a.py:1",), outcome) for number, outcome in enumerate(OUTCOMES)]
MUTANTS = [Mutant(each.key, (), each.does, each.lines) for each in RECORDS]


def test_a_block_that_did_not_change_is_known_and_another_is_not(tmp_path):
    path = tmp_path / "mutants.json"
    Tracked(path).put("vote", "this", RECORDS)
    Tracked(path).put("core", "that", RECORDS[:1])
    tracked = Tracked(path)
    assert tracked.records("vote", "this", MUTANTS) == RECORDS
    assert tracked.records("core", "that", MUTANTS[:1]) == RECORDS[:1]
    for block, of, mutants in (("vote", "that", MUTANTS), ("vote", "this", MUTANTS[:2]), ("gain", "this", MUTANTS)):
        assert tracked.records(block, of, mutants) is None
    tracked.put("vote", "changed", RECORDS[:2])
    assert Tracked(path).records("vote", "this", MUTANTS) is None
    assert Tracked(path).records("vote", "changed", MUTANTS[:2]) == RECORDS[:2]


def test_what_another_command_wrote_meanwhile_stays(tmp_path):
    path = tmp_path / "mutants.json"
    first, second = Tracked(path), Tracked(path)
    first.put("vote", "this", RECORDS)
    second.put("core", "that", RECORDS)
    assert Tracked(path).records("vote", "this", MUTANTS) == RECORDS


@pytest.mark.parametrize("text", ["[", "[]", '{"vote": 3}', '{"vote": {"of": "this", "equivalent": []}}'])
def test_a_broken_file_is_refused(text, tmp_path):
    path = tmp_path / "mutants.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RemoraError, match="no record of mutants"):
        Tracked(path)
