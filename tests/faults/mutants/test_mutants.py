"""Mutants of a block that is known: drawn, noticed, left out where they change nothing, and not run twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from remora.flow.faults.mutants import campaign, drawn, recipe
from remora.flow.faults.mutants.campaign import Outcomes, run_recipe
from remora.flow.faults.mutants.drawn import draw
from remora.flow.faults.mutants.equivalence import compare
from remora.flow.faults.mutants.recipe import record
from remora.flow.faults.mutants.store import Record
from remora.spec.lib.errors import CheckFailed, RemoraError
from tests.faults.mutants import ticker
from tests.faults.mutants.ticker import Around, ticker_recipe

INVERTED, NEVER_FULL = "inv at $and.Y[0], wire full[0]", "const0 at $and.Y[0], wire full[0]"
UNREACHABLE = "const0 at $eq.Y[0], wire lost[0]"
ALL = 1_000
"""More than the ticker has."""


def run_ticker(folder, *tests: str, done: list[int] | None = None) -> Outcomes:
    advance = [] if done is None else done
    outcomes = run_recipe(ticker_recipe(folder, tests), ALL, 1, advance.append, simulator="icarus")
    assert sum(advance) == len(outcomes.records) == len(CHOSEN)
    return outcomes


CHOSEN = (INVERTED, NEVER_FULL, UNREACHABLE)


def of(outcomes: Outcomes, does: str) -> Record:
    """The one mutant that does this."""
    (found,) = (each for each in outcomes.records if each.does == does)
    return found


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A store with nothing in it, and a draw of three mutants that are known."""
    folder = tmp_path / "store"
    folder.mkdir()
    monkeypatch.setattr(campaign, "_store_folder", lambda: folder)
    monkeypatch.setattr(campaign, "draw", lambda *given: [each for each in draw(*given) if each.does in CHOSEN])
    return folder


def test_known_mutants_are_noticed_and_a_known_equivalent_is_not_counted(tmp_path, fresh, monkeypatch):
    outcomes = run_ticker(tmp_path / "bench", "counts")
    assert [outcomes.count(each) for each in ("killed", "equivalent", "survived", "undecided")] == [2, 1, 0, 0]
    assert not outcomes.survivors and outcomes.share_killed == 1
    inverted = of(outcomes, INVERTED)
    assert (inverted.outcome, inverted.by) == ("killed", "counts") and "full: found" in inverted.evidence
    assert inverted.lines[0].startswith("tests/faults/mutants/ticker.py:")
    assert of(outcomes, UNREACHABLE).outcome == "equivalent"

    def never(*_):
        raise AssertionError("a block that did not change was run again")

    # What is known is not run again.
    with monkeypatch.context() as patch:
        patch.setattr(campaign, "BlockRuns", never)
        assert run_ticker(tmp_path / "bench", "counts").records == outcomes.records
        with pytest.raises(AssertionError, match="run again"):
            run_ticker(tmp_path / "bench", "fills")
    # A run that ended early goes on.
    (path,) = fresh.glob("ticker-*.json")
    path.unlink()
    campaign.Store(path).add(outcomes.records[0])
    done: list[int] = []
    assert run_ticker(tmp_path / "bench", "counts", done=done).records == outcomes.records and done == [1, 2]


def test_a_mutant_that_hangs_is_noticed(tmp_path, fresh):
    never_full = of(run_ticker(tmp_path / "bench", "fills"), NEVER_FULL)
    assert (never_full.outcome, never_full.by) == ("killed", "fills")
    assert "time" in never_full.evidence.lower()


def test_a_test_for_other_cases_hides_no_other_test(tmp_path, fresh):
    inverted = of(run_ticker(tmp_path / "bench", "is_for_others", "counts"), INVERTED)
    assert (inverted.outcome, inverted.by) == ("killed", "counts")


def test_a_test_that_sees_nothing_leaves_survivors(tmp_path, fresh):
    outcomes = run_ticker(tmp_path / "bench", "idles")
    assert outcomes.count("killed") == 0 and outcomes.share_killed == 0
    assert {each.does for each in outcomes.unexplained} == {INVERTED, NEVER_FULL}
    outcomes.explained[outcomes.survivors[0].key] = "why"
    assert len(outcomes.unexplained) == 1
    # A store that somebody broke is refused.
    (path,) = fresh.glob("ticker-*.json")
    path.write_text('[{"key": 1}]', encoding="utf-8")
    with pytest.raises(RemoraError, match="no store of mutants"):
        run_ticker(tmp_path / "bench", "idles")


def test_a_block_that_fails_without_mutants_says_nothing(tmp_path, fresh):
    made = ticker_recipe(tmp_path / "bench", ("counts",))
    text = (tmp_path / "bench" / "bench.v").read_text(encoding="utf-8")
    broken = text.replace(".count(some__count)", ".count(~some__count)")
    assert broken != text
    (tmp_path / "bench" / "bench.v").write_text(broken, encoding="utf-8")
    with pytest.raises(CheckFailed, match="ticker does not pass its tests with all mutants asleep"):
        run_recipe(made, ALL, 1, lambda _: None, simulator="icarus")


def test_the_draw_repeats_and_depends_on_the_seed(tmp_path):
    made = ticker_recipe(tmp_path)
    first, again, other = (draw(tmp_path, made.module, 20, seed) for seed in (1, 1, 2))
    assert first == again and len({mutant.key for mutant in first}) == 20
    assert {mutant.key for mutant in first} != {mutant.key for mutant in other}


def test_a_key_does_not_depend_on_where_a_line_stands(tmp_path, monkeypatch):
    made = ticker_recipe(tmp_path)
    before = draw(tmp_path, made.module, 20, 1)
    moved = re.sub(r"ticker\.py:(\d+)", "ticker_moved.py:\\1", (tmp_path / "bench.il").read_text(encoding="utf-8"))
    source = Path(ticker.__file__).read_text(encoding="utf-8")
    (tmp_path / "ticker_moved.py").write_text("\n" * 7 + source, encoding="utf-8")
    monkeypatch.setattr(drawn, "ROOT", tmp_path.resolve())
    moved = re.sub(r"\S*/ticker_moved\.py:(\d+)", lambda at: f'"{tmp_path}/ticker_moved.py:{int(at[1]) + 7}', moved)
    (tmp_path / "bench.il").write_text(moved, encoding="utf-8")
    after = draw(tmp_path, made.module, 20, 1)
    assert [each.key for each in after] == [each.key for each in before]
    assert [each.lines for each in after] != [each.lines for each in before]


def test_the_proof_tells_what_differs(tmp_path):
    made = ticker_recipe(tmp_path)
    known = {each.does: each for each in draw(tmp_path, made.module, ALL, 1)}
    answers = compare(tmp_path, made.module, [known[does] for does in CHOSEN])
    assert [answers[known[does].key] for does in CHOSEN] == ["differs", "differs", "equivalent"]


def test_in_a_component_the_same_mutants_are_compared_and_what_it_does_not_read_does_not_count(tmp_path):
    alone = ticker_recipe(tmp_path / "alone")
    known = draw(alone.folder, alone.module, 24, 1)
    answers = compare(alone.folder, alone.module, known)
    assert set(answers.values()) == {"differs", "equivalent"}
    for listens in (True, False):
        made = ticker_recipe(tmp_path / str(listens), made=Around(listens))
        assert draw(made.folder, made.module, 24, 1) == known
        found = compare(made.folder, made.module, known)
        assert found == (answers if listens else dict.fromkeys(answers, "equivalent"))


def test_no_mutant_that_a_test_notices_is_proven_to_be_equivalent(tmp_path, monkeypatch):
    """The proof against the simulation."""
    (tmp_path / "store").mkdir()
    monkeypatch.setattr(campaign, "_store_folder", lambda: tmp_path / "store")
    made = ticker_recipe(tmp_path / "bench", ("counts",))
    outcomes = run_recipe(made, 24, 1, lambda _: None, simulator="icarus")
    killed = {each.key for each in outcomes.records if each.outcome == "killed"}
    assert len(killed) > 12
    noticed = [each for each in draw(made.folder, made.module, 24, 1) if each.key in killed]
    assert len(noticed) == len(killed)
    assert "equivalent" not in compare(made.folder, made.module, noticed).values()


def test_an_unknown_block_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(RemoraError, match="no block 'sequenser' with a bench; those are: .*sequencer"):
        record("sequenser", tmp_path)


def test_a_module_that_is_not_in_the_bench_is_refused_with_those_that_are(tmp_path, monkeypatch):
    def written(_) -> str:
        made = ticker_recipe(tmp_path)
        given = {name: getattr(made, name) for name in made.__dict__ if name not in ("block", "folder")}
        (tmp_path / "bench.json").write_text(json.dumps(given | {"module": "some_tocker"}), encoding="utf-8")
        return ""

    monkeypatch.setattr(recipe, "known_blocks", lambda: ["ticker"])
    monkeypatch.setattr(recipe, "_record", written)
    with pytest.raises(RemoraError, match="has no module some_tocker; those are: bench, some_ticker"):
        record("ticker", tmp_path)
