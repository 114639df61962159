"""Proofs of a small counter: what holds is proven, and whatever says nothing is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from amaranth.hdl import ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.flow.signoff.prove import catalogue, run
from remora.flow.signoff.prove.catalogue import find_proofs
from remora.flow.signoff.prove.harness import CLOCK_GATE, Harness, ProofError
from remora.flow.signoff.prove.run import DEEP, prove, prove_all, summary
from remora.flow.tools import sby
from remora.flow.tools.sby import Outcome, SbyError
from remora.hdl.lib.hierarchy import add_macro, add_submodule
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


class Shown(wiring.Component):
    """A counter in a block of its own, whose count is shown up to 4; above that 0 is shown."""

    def __init__(self) -> None:
        super().__init__({"step": In(1), "shown": Out(4), "raw": Out(4)})

    def elaborate(self, platform) -> Module:
        m = Module()
        counter = add_submodule(m, "counter", Counter(5))
        m.d.comb += [counter.step.eq(self.step), self.raw.eq(counter.count)]
        with m.If(counter.count < 5):
            m.d.comb += self.shown.eq(counter.count)
        return m


class Gated(wiring.Component):
    """A counter on a gated clock."""

    def __init__(self) -> None:
        super().__init__({"enable": In(1), "count": Out(4)})

    def elaborate(self, platform) -> Module:
        m, gated = Module(), Signal()
        add_macro(m, "gate", CLOCK_GATE, i_clk=ClockSignal(), i_enable=self.enable, o_gated=gated)
        counter = add_submodule(m, "counter", Counter(5), clock=gated)
        m.d.comb += [counter.step.eq(1), self.count.eq(counter.count)]
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


def test_no_proof_rests_on_itself():
    """What is given of the same cycle forms no circle, and every name is that of something given."""
    proofs = find_proofs()
    for each in proofs:
        assert each.relies.keys() <= each.assumed.keys() and set(each.earlier) <= each.relies.keys()
    same_cycle = {
        each.name: {other for name, other in each.relies.items() if name not in each.earlier} for each in proofs
    }
    assert any(same_cycle.values())
    TopologicalSorter(same_cycle).prepare()


def test_what_holds_is_proven_and_its_mutants_are_refused():
    result = summary([prove(proof())])
    assert (result["properties"], result["proven"], result["covers_reached"], result["mutants_refused"]) == (2, 2, 2, 2)
    assert (result["bounded"], result["failed"], result["open"], result["broken"]) == (0, 0, 0, [])
    assert [rule["reached"] for rule in result["proofs"][0]["rules"]] == [5, 2]


def test_what_does_not_hold_fails():
    result = summary([prove(proof(limit=6))])
    assert (result["failed"], result["proven"]) == (1, 1)
    assert result["broken"] == ["counter: rules.below is failed"]


def test_covers_far_from_the_start_are_reached_one_by_one():
    deep = prove(proof(depth=DEEP + 1))
    assert deep.verdicts == prove(proof()).verdicts
    with pytest.raises(ProofError, match="its assumptions contradict each other"):
        prove(proof(depth=DEEP + 1, assumed={"up": "step", "down": "!step"}))


def test_a_gated_clock_ticks_where_its_gate_is_enabled():
    rules = Checker("ticks_rules", {"enable": "enable", "count": "count"}, {}, Path(__file__).parent)
    mutants = {
        "rules.stands": Mutant("", {"enable": "enable | good_count[0]"}),
        "rules.ticks": Mutant("", {"enable": "enable & ~good_count[0]"}),
    }
    gated = Proof("gated", "ticks", Gated, {"rules": rules}, mutants, macros=(CLOCK_GATE,))
    result = summary([prove(gated)])
    assert (result["proven"], result["mutants_refused"], result["broken"]) == (2, 2, [])


@pytest.mark.parametrize("depth", [20, DEEP + 1])
def test_a_cover_that_is_not_reached_is_told(depth):
    result = summary([prove(proof(unreached=1, depth=depth))])
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


def shown(sees: str = "shown", **changes) -> Proof:
    """The hardware with a block, and the rule that what it shows is below 5; ``sees`` is what is looked at."""
    rules = Checker("below_rules", {"count": sees}, {}, Path(__file__).parent)
    mutants = {"rules.below": Mutant("counter", {"count": "good_count + 4'd1"})}
    return replace(Proof("shown", "shows", Shown, {"rules": rules}, mutants, quick=True), **changes)


def test_a_signal_inside_is_seen_and_a_mutant_of_its_block_too():
    assert summary([prove(shown("count", inside={"count": ("counter.count", 4)}))])["broken"] == []


def test_what_holds_whatever_a_block_does_is_proven_with_the_block_cut():
    cut = shown(cut=("counter",), mutants={"rules.below": Mutant("", {"shown": "good_shown | {4{step}}"})})
    result = summary([prove(cut)])
    assert (result["proven"], result["broken"]) == (1, [])
    # What the block itself guarantees does not follow without it.
    failed = summary([prove(replace(cut, checkers=shown("raw").checkers))])
    assert failed["broken"] == ["shown: rules.below is failed"]


def test_a_mutant_of_a_block_that_is_cut_is_refused():
    with pytest.raises(ProofError, match="a mutant names remora_counter, which is cut"):
        prove(shown(cut=("counter",)))


def test_a_signal_that_is_not_there_is_an_error():
    with pytest.raises(SbyError, match="hierconn"):
        prove(shown(inside={"count": ("counter.total", 4)}, mutants={}))


def test_what_a_proof_relies_on_is_made_as_well(monkeypatch):
    first, second, other = shown(name="first", relies={"it": "second"}), shown(name="second", quick=False), proof()
    for room, proofs in ((catalogue.crossbar, [first, other]), (catalogue.learning, [second]), (catalogue.bmru, [])):
        monkeypatch.setattr(room, "proofs", lambda proofs=proofs: proofs)
    assert [each.name for each in find_proofs(["first"])] == ["first", "second"]
    assert [each.name for each in find_proofs(quick=True)] == ["first", "second"]
    with pytest.raises(ProofError, match="none of counter is a quick proof"):
        find_proofs(["counter"], quick=True)


def test_a_task_that_ran_out_of_time_is_not_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "run_task", lambda task, folder, name: Outcome("TIMEOUT", {}, {}, 1.0))
    with pytest.raises(ProofError):
        prove(proof())
    assert not list(tmp_path.rglob("*.json"))


def test_a_task_that_checked_something_else_is_told(monkeypatch):
    bounded = proof(bounded={"rules.below": Bound(30, "for the test")})
    whole = sby.run_task
    lost = Outcome("PASS", {}, {}, 1.0)
    monkeypatch.setattr(
        run, "run_task", lambda task, folder, name: lost if task.mode == "bmc" else whole(task, folder, name)
    )
    with pytest.raises(ProofError, match=r"in place of rules.below was checked: \[\]"):
        prove(bounded)


def test_what_has_failed_once_has_failed(tmp_path):
    with closing(sqlite3.connect(tmp_path / "status.sqlite")) as database:
        database.execute("CREATE TABLE task_property (id, hdlname, kind)")
        database.execute("CREATE TABLE task_property_status (task_property, status)")
        database.execute("INSERT INTO task_property VALUES (1, 'prove.rules.below', 'ASSERT')")
        database.executemany("INSERT INTO task_property_status VALUES (1, ?)", [("FAIL",), ("PASS",)])
        database.commit()
    assert sby._verdicts(tmp_path / "status.sqlite", "prove", "PASS") == {"rules.below": "FAIL"}


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
