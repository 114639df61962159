"""`remora mutate`: what it refuses is one line, and its result counts what became of each mutant."""

from __future__ import annotations

import json

import pytest

from remora.flow.commands import mutate
from remora.flow.faults.mutants import campaign, recipe
from remora.flow.faults.mutants.campaign import Outcomes
from remora.flow.faults.mutants.store import OUTCOMES, Record
from remora.spec.lib.errors import CheckFailed

RECORDS = [Record(f"{number:012x}", "inv", ("hdl/a.py:1",), outcome) for number, outcome in enumerate(OUTCOMES)]


def test_an_unknown_block_is_refused(remora, tmp_path):
    done = remora("mutate", "sequenser", "--json", tmp_path / "none.json")
    assert done.code == 2 and done.err.count("\n") == 1
    assert done.err.startswith("error: there is no block 'sequenser' with a bench; those are: decision, ")
    assert not (tmp_path / "none.json").exists()


def test_without_a_checkout_it_says_so(remora, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    done = remora("mutate", "decision")
    assert done.code == 2 and "run remora mutate in a checkout" in done.err


def test_counts_and_survivors():
    found = Outcomes("vote", RECORDS, {RECORDS[2].key: "nobody asks"})
    result = mutate._result([found, found], 4)
    assert [result[key] for key in ("mutants", "equivalent", "killed", "survived", "undecided")] == [8, 2, 2, 4, 2]
    survivors = result["blocks"]["vote"]["survivors"]
    assert [(each["outcome"], each["reason"]) for each in survivors] == [
        ("survived", "nobody asks"), ("undecided", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("explained", "complete", "faults"),
    [
        ({2: "why", 3: "why"}, True, ["33.3% are noticed"]),
        ({2: "why"}, True, ["33.3% are noticed", "no reason in tests/hdl/survivors.toml: 000000000003"]),
        ({0: "why", 2: "why", 3: "why"}, True, ["33.3% are noticed", "do not survive: 000000000000"]),
        ({0: "why", 2: "why", 3: "why"}, False, ["33.3% are noticed"]),
    ],
)
def test_what_does_not_hold(explained, complete, faults):
    found = Outcomes("vote", RECORDS, {RECORDS[number].key: reason for number, reason in explained.items()})
    said = mutate._faults(found, complete)
    assert len(said) == len(faults) and all(part in line for part, line in zip(faults, said, strict=True))
    kept = [RECORDS[0], RECORDS[1]]
    assert mutate._faults(Outcomes("vote", kept), complete=True) == []


def test_a_block_that_fails_hides_no_other_and_what_is_known_is_tracked(remora, tmp_path, monkeypatch):
    """Of all blocks, one that cannot run is told in the end; only the default draw is written down."""
    known = []

    def run_block(block, count, seed, advance, simulator, tracked):
        known.append(tracked)
        if block == "broken":
            raise CheckFailed("it does not pass")
        return Outcomes(block, RECORDS[:2], of=f"{block} as it is")

    monkeypatch.setattr(campaign, "run_block", run_block)
    monkeypatch.setattr(recipe, "known_blocks", lambda: ["broken", "vote"])
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    path = tmp_path / "tests" / "hdl" / "mutants.json"
    path.parent.mkdir(parents=True)
    assert remora("mutate", "all", "--count", 3).code == 1 and not path.exists()
    done = remora("mutate", "all", "--json", tmp_path / "found.json")
    assert done.code == 1 and "broken: it does not pass" in done.err and "vote" not in done.err
    (written,) = json.loads(path.read_text(encoding="utf-8")).items()
    of = {"of": "vote as it is", "mutants": 2, "equivalent": ["000000000001"], "survived": [], "undecided": []}
    assert written == ("vote", of)
    assert remora("mutate", "vote", "--afresh").code == 0 and known[-1] is None and known[0] is not None
