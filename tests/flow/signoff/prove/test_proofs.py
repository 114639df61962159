"""Proofs of a small counter: what holds is proven, and whatever says nothing is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.flow.signoff.prove import run
from remora.flow.signoff.prove.catalogue import find_proofs
from remora.flow.signoff.prove.harness import Harness, ProofError
from remora.flow.signoff.prove.run import prove, prove_all, summary
from remora.flow.tools.sby import SbyError
from remora.hdl.lib.properties.proof import Bound, Checker, Mutant, Proof


class Counter(wiring.Component):
    """Counts up to a limit and begins again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        super().__init__({"step": In(1), "count": Out(4)})

    def elaborate(self, platform) -> Module:
        m = Module()
        with m.If(self.step):
            m.d.sync += self.count.eq(self.count + 1)
            with m.If(self.count == self._limit - 1):
                m.d.sync += self.count.eq(0)
        return m


def proof(limit: int = 5, unreached: int = 0, **changes) -> Proof:
    """The counter with its two rules, which ask for a limit of 5."""
    rules = Checker("counter_rules", {"count": "count"}, {"UNREACHED": unreached}, Path(__file__).parent)
    mutants = {
        "rules.below": Mutant("", {"count": "good_count + 4'd1"}),
        "rules.moves": Mutant("", {"count": "good_count ^ {3'd0, step}"}),
    }
    return replace(Proof("counter", "counts", lambda: Counter(limit), {"rules": rules}, mutants), **changes)


@pytest.fixture(autouse=True)
def fresh_store(monkeypatch, tmp_path):
    """An empty store of results."""
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))


def test_what_holds_is_proven_and_its_mutants_are_refused():
    result = summary([prove(proof())])
    assert (result["properties"], result["proven"], result["covers_reached"], result["mutants_refused"]) == (2, 2, 2, 2)
    assert (result["bounded"], result["failed"], result["open"], result["broken"]) == (0, 0, 0, [])
    assert [rule["reached"] for rule in result["proofs"][0]["rules"]] == [5, 2]


def test_what_does_not_hold_fails():
    result = summary([prove(proof(limit=6))])
    assert (result["failed"], result["proven"]) == (1, 1)
    assert result["broken"] == ["counter: rules.below is failed"]


def test_a_cover_that_is_not_reached_is_told():
    result = summary([prove(proof(unreached=1))])
    assert result["broken"] == ["counter: rules.below: its cover is not reached, so it says nothing"]
    assert result["covers_reached"] == 1


def test_a_mutant_that_passes_is_told():
    mutants = proof().mutants | {"rules.below": Mutant("", {"step": "step & count[0]"})}
    result = summary([prove(proof(mutants=mutants))])
    assert result["broken"] == ["counter: rules.below lets its mutant pass"]


def test_assumptions_that_contradict_each_other_are_told():
    with pytest.raises(ProofError, match="counter: its assumptions contradict each other"):
        prove(proof(assumed={"up": "step", "down": "!step"}))


def test_a_bounded_rule_says_how_deep_and_is_deep_enough():
    result = prove(proof(bounded={"rules.below": Bound(30, "for the test")}))
    assert [(each.status, each.depth) for each in result.verdicts] == [("bounded", 30), ("proven", None)]
    assert summary([result])["broken"] == []
    shallow = summary([prove(proof(bounded={"rules.below": Bound(24, "for the test")}))])
    assert shallow["broken"] == [
        "counter: rules.below is checked for 24 cycles; its cover takes 5, and 20 more are asked"
    ]
    wrong = summary([prove(proof(limit=6, bounded={"rules.below": Bound(30, "for the test")}))])
    assert wrong["broken"] == ["counter: rules.below is failed"]


def test_several_proofs_keep_their_order():
    proofs = [proof(name=name) for name in ("first", "second", "third")]
    assert [result.proof for result in prove_all(proofs, 2)] == ["first", "second", "third"]


def test_a_result_is_kept_by_content(monkeypatch):
    first = prove(proof())
    ran = []
    monkeypatch.setattr(run, "run_task", lambda task, folder, name: ran.append(task) or pytest.fail("it ran again"))
    assert prove(proof()) == first and not ran
    with pytest.raises(pytest.fail.Exception):
        prove(proof(limit=4))


NOTHING = Mutant("", {"count": "count"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mutants": {"rules.belov": NOTHING}}, "mutants names rules.belov, which is no rule"),
        ({"mutants": {"rules.below": NOTHING}}, "rules.moves have no mutant"),
        ({"bounded": {"rules.belov": Bound(30, "")}}, "bounded names rules.belov, which is no rule"),
    ],
)
def test_a_proof_that_is_written_wrong_is_refused(changes, words):
    with pytest.raises(ProofError, match=words):
        prove(proof(**changes))


def test_a_mutant_of_a_port_that_is_not_there_is_refused():
    with pytest.raises(ProofError, match="a mutant names dut, total: there is no such port"):
        Harness(proof()).mutate(Mutant("", {"total": "1"}))


def test_an_error_of_a_tool_is_one_line():
    with pytest.raises(SbyError, match="SymbiYosys refuses .*ERROR") as caught:
        prove(proof(assumed={"strange": "no_such_signal &&"}))
    assert "\n" not in str(caught.value)


def test_proofs_are_found_by_name():
    everything = [each.name for each in find_proofs()]
    assert len(everything) == len(set(everything)) > 0
    assert [each.name for each in find_proofs([everything[-1], everything[0]])] == [everything[0], everything[-1]]
    quick = find_proofs(quick=True)
    assert quick and all(each.quick for each in quick)
    with pytest.raises(ProofError, match="there is no proof 'nothing'; there are "):
        find_proofs(["nothing"])
