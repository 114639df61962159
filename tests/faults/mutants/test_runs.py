"""What a simulation must tell of a mutant before it counts as noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remora.flow.faults.mutants.recipe import Recipe
from remora.flow.faults.mutants.runs import Kill, Runs
from remora.flow.tools.simulator import SimulatorError
from remora.spec.lib.errors import CheckFailed
from remora.tb.lib.mutants import MARK, SOUND

RECIPE = Recipe("vote", Path(), "odd_vote", None, "", ["clips"], {}, [], [], [])
BEGINS, PASSES = (
    {"test": "clips", "event": "begins"},
    {"test": "clips", "event": "passes", "ns": 6015.0000000007, "seconds": 0.1},
)
ALL, FAILS = {"event": "passed all"}, {"test": "clips", "event": "fails", "why": "AssertionError: found 1, expected 2"}
SOUNDLY = (BEGINS, PASSES, ALL)


def ends(code: int) -> dict:
    return {"event": "ends", "code": code, "seconds": 0.1}


class Told(Runs):
    """Simulations that print what they are told to: of the sound block, and of mutant 1."""

    def __init__(self, *printed: dict | str, sound=SOUNDLY) -> None:
        super().__init__(RECIPE, "", 1)
        self.printed, self.sound, self.limits = printed, sound, {}

    def _simulate(self, numbers, tests, limits, limit_s, seed) -> str:
        self.limits |= limits
        of = {SOUND: (*self.sound, ends(0)), 1: self.printed}
        said = [(number, each) for number in numbers for each in of[number]]
        return "\n".join(
            each if isinstance(each, str) else f"{MARK} {json.dumps({'mutant': n, **each})}" for n, each in said
        )

    def verdict(self) -> Kill | None:
        """Of mutant 1."""
        ((number, kill),) = self.verdicts([1], 1)
        assert number == 1
        return kill


def test_it_survives_only_where_all_tests_pass():
    runs = Told(*SOUNDLY, ends(0))
    assert runs.verdict() is None
    # A time-out that the simulator cannot represent would end every simulation.
    assert runs.limits and all(isinstance(limit, int) for limit in runs.limits.values())


@pytest.mark.parametrize(
    ("printed", "evidence"),
    [
        ((BEGINS, FAILS, ends(0)), "AssertionError: found 1, expected 2"),
        (
            (BEGINS, "bench.v:3: FATAL: a tile is read while it is pulsed", ends(1)),
            "FATAL: a tile is read while it is pulsed",
        ),
        ((BEGINS, ends(-24)), "it takes processor time without end"),
        ((BEGINS, ends(-6)), "its process ended with -6"),
    ],
)
def test_what_counts_as_noticed(printed, evidence):
    assert Told(*printed).verdict() == Kill("clips", evidence)


@pytest.mark.parametrize(
    "printed",
    [
        (BEGINS, ends(0)),
        (BEGINS, {"test": "clips", "event": "breaks", "why": "OSError: no space left"}, ends(0)),
        (BEGINS, ends(-9)),
        (BEGINS,),
        (ends(1),),
    ],
    ids=["a word is missing", "a full disk", "killed", "no end", "no test"],
)
def test_what_says_nothing_of_the_mutant(printed):
    with pytest.raises(SimulatorError, match="mutant 1 of vote was not run"):
        Told(*printed).verdict()


@pytest.mark.parametrize("sound", [(BEGINS, FAILS), (BEGINS,), (BEGINS, PASSES)])
def test_the_sound_block_must_pass_beside_its_mutants(sound):
    with pytest.raises(CheckFailed, match="vote does not pass its tests with all mutants asleep"):
        Told(BEGINS, FAILS, ends(0), sound=sound).verdict()
