"""Runs proofs: each rule is proven or checked to a depth, its cover reached, and its mutant refused."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from remora.flow.signoff.prove.harness import ALIVE, COVERS, HERE, Harness, ProofError
from remora.flow.tools.apart import working_apart
from remora.flow.tools.build import build_root
from remora.flow.tools.sby import Outcome, Task, run_task, tool_versions
from remora.hdl.lib.properties.proof import REACHED, Mutant, Proof
from remora.spec.lib.files import write_text

BMC, COVER = "abc bmc3", "smtbmc yices"
# Signals that are equal in every state are merged first, which saves PDR most of its work.
PDR = "abc scleanup; dc2; scorr; dc2; pdr --keep-going"
DEEP = 60
"""Covers that are looked for in more cycles than this are reached one by one, by the engine of bounded checks."""
MARGIN = 20
"""Cycles by which the depth of a bounded rule exceeds that of its cover."""


@dataclass(frozen=True)
class Verdict:
    """What is known of a rule.

    Attributes:
        proof: its proof.
        rule: its name there.
        status: ``proven``, ``bounded``, ``failed``, or ``open`` where the time did not suffice.
        depth: of a bounded rule.
        reached: the cycle in which its cover is reached; None where it is not.
        mutant: ``refused`` or ``passed``; None where the rule has none of its own.
    """

    proof: str
    rule: str
    status: str
    depth: int | None
    reached: int | None
    mutant: str | None

    @property
    def holds(self) -> bool:
        """The rule says something, and it is right."""
        known = self.status in ("proven", "bounded")
        deep = self.depth is None or self.reached is None or self.depth >= self.reached + MARGIN
        return known and deep and self.reached is not None and self.mutant != "passed"


@dataclass(frozen=True)
class Result:
    """A proof and the verdicts of its rules.

    Attributes:
        proof: its name.
        verdicts: of all rules.
        seconds: of its tasks, added up.
    """

    proof: str
    verdicts: Sequence[Verdict]
    seconds: float


def prove(proof: Proof) -> Result:
    """All tasks of a proof.

    Raises:
        ProofError: its assumptions contradict each other, it has no rule, or a name in it is that of no rule.
        SbyError: a task could not run.
    """
    harness = Harness(proof)
    covers = _deep_covers(harness) if proof.depth > DEEP else _covers(harness)
    if covers.status == "TIMEOUT" and covers.verdicts.get(ALIVE) != "PASS":
        raise ProofError(f"{proof.name}: its covers took too long")
    if covers.verdicts.get(ALIVE) != "PASS":
        raise ProofError(f"{proof.name}: its assumptions contradict each other: no trace reaches the cover {ALIVE}")
    rules = {_rule_of(cover) for cover in covers.verdicts if cover != ALIVE}
    _check_names(proof, rules)
    proven = _proven(harness)
    if not rules or rules != set(proven.verdicts) | set(proof.bounded):
        lone = ", ".join(sorted(rules ^ (set(proven.verdicts) | set(proof.bounded)))) or "there is none"
        raise ProofError(f"{proof.name}: every rule needs its cover and every cover its rule: {lone}")
    seconds = covers.seconds + proven.seconds
    verdicts = []
    for rule in sorted(rules):
        status, depth = {"PASS": "proven", "FAIL": "failed"}.get(proven.verdicts.get(rule, ""), "open"), None
        if rule in proof.bounded:
            depth = proof.bounded[rule].depth
            bounded = _check(harness, "bound", rule, depth)
            status, seconds = (
                {"PASS": "bounded", "FAIL": "failed"}.get(bounded.status, "open"),
                seconds + bounded.seconds,
            )
        mutant = None
        if rule in proof.mutants:
            found = _check(harness, "mutant", rule, proof.depth + MARGIN, proof.mutants[rule])
            mutant, seconds = "refused" if found.status == "FAIL" else "passed", seconds + found.seconds
        cover = _cover_of(rule)
        reached = covers.steps.get(cover) if covers.verdicts.get(cover) == "PASS" else None
        verdicts.append(Verdict(proof.name, rule, status, depth, reached, mutant))
    return Result(proof.name, verdicts, round(seconds, 1))


def _covers(harness: Harness) -> Outcome:
    return _cached(harness, "cover", _task(harness, "cover", COVER, depth=harness.proof.depth))


def _deep_covers(harness: Harness) -> Outcome:
    """As of `_covers`, cover by cover.

    Raises:
        ProofError: a rule has no cover.
    """
    proof = harness.proof
    rules = set(_proven(harness).verdicts) | set(proof.bounded)
    verdicts: dict[str, str] = {}
    steps: dict[str, int] = {}
    seconds, late = 0.0, False
    for cover in (ALIVE, *map(_cover_of, sorted(rules))):
        task = _task(harness, "bmc", BMC, depth=proof.depth, cover=cover, covers=len(rules) + 1)
        found = _cached(harness, f"cover_{cover}", task)
        if set(found.verdicts) != {cover}:
            raise ProofError(f"{proof.name}: every rule needs its cover: {cover} is not there")
        verdicts[cover] = "PASS" if found.status == "FAIL" else "FAIL"
        steps |= found.steps
        seconds, late = seconds + found.seconds, late or found.status == "TIMEOUT"
    return Outcome("TIMEOUT" if late else "PASS", verdicts, steps, seconds)


def _proven(harness: Harness) -> Outcome:
    return _cached(harness, "prove", _task(harness, "prove", PDR, without=harness.proof.bounded))


def _check(harness: Harness, what: str, rule: str, depth: int, mutant: Mutant | None = None) -> Outcome:
    """Check one rule up to a depth.

    Raises:
        ProofError: something else was checked, or nothing.
    """
    only = harness.rule(rule, mutant)
    task = _task(harness, "bmc", BMC, only=only, depth=depth, mutant=mutant)
    found = _cached(harness, f"{what}_{rule}", task)
    if set(found.verdicts) != {only}:
        raise ProofError(f"{harness.proof.name}: in place of {rule} was checked: {sorted(found.verdicts)}")
    return found


def _check_names(proof: Proof, rules: set[str]) -> None:
    for what, named in (("mutants", proof.mutants), ("bounded", proof.bounded)):
        if strange := ", ".join(sorted(set(named) - rules)):
            raise ProofError(f"{proof.name}: {what} names {strange}, which is no rule; there are {sorted(rules)}")
    # Rules of macros are the same at every place, so one place has the mutant of each.
    covered = {_of_every_place(proof, rule) for rule in proof.mutants}
    if lone := [rule for rule in sorted(rules) if _of_every_place(proof, rule) not in covered]:
        raise ProofError(f"{proof.name}: {', '.join(lone)} have no mutant")


def _of_every_place(proof: Proof, rule: str) -> str:
    """A rule of a checker, or the label of a macro's."""
    return rule if rule.partition(".")[0] in proof.checkers else rule.rpartition(".")[2]


def prove_all(proofs: Sequence[Proof], jobs: int) -> list[Result]:
    """Several proofs, ``jobs`` at once, each in a process of its own. Errors as of `prove`."""
    shares = [proofs[first::jobs] for first in range(min(jobs, len(proofs)))]
    with working_apart(lambda share: [prove(proof) for proof in share], shares) as work:
        done = {result.proof: result for results in work.results() for result in results}
    return [done[proof.name] for proof in proofs]


def _rule_of(cover: str) -> str:
    path, _, label = cover.rpartition(".")
    label = label.removeprefix(REACHED)
    return f"{path}.{label}" if path else label


def _cover_of(rule: str) -> str:
    path, _, label = rule.rpartition(".")
    return f"{path}.{REACHED}{label}" if path else f"{REACHED}{label}"


def _task(
    harness: Harness,
    mode: str,
    engine: str,
    *,
    depth: int = 20,
    only: str = "",
    without: Iterable[str] = (),
    mutant: Mutant | None = None,
    cover: str = "",
    covers: int = 0,
) -> Task:
    """A task of the proof.

    Args:
        only: the assertion that is checked; all where empty.
        without: assertions that are left out.
        mutant: what takes the place of a block.
        cover: the cover that an engine of assertions reaches, where it fails.
        covers: how many there are.
    """
    script, files = harness.script, harness.files
    if mode != "cover" and not cover:
        added, passes = harness.cut()
        files, script = {**files, **added}, [*script, *passes]
    if mutant is not None:
        changed, passes = harness.mutate(mutant)
        files, script = {**files, **changed}, [*script, *passes]
    script += harness.prepare()
    if only:
        script.append(f"chformal -assert -remove c:* c:{only} %d")
    script += [f"chformal -assert -remove c:{rule}" for rule in without]
    if cover:
        files = {**files, COVERS: (HERE / COVERS).read_text(encoding="utf-8")}
        script += [
            f"select -assert-count {covers} r:FLAVOR=cover", "chformal -assert -remove",
            f"chformal -cover -remove c:* c:{cover} %d", "chformal -lower", f"techmap -map {COVERS} t:$cover",
        ]  # fmt: skip
    return Task(mode, engine, script, files, depth, harness.proof.timeout)


def _cached(harness: Harness, name: str, task: Task) -> Outcome:
    """The outcome of a task, from the store where the same one has been run; the store is keyed by content."""
    hasher = hashlib.sha256(task.config().encode())
    for file, text in sorted(task.files.items()):
        hasher.update(f"{file}\0{len(text)}\0{text}".encode())
    hasher.update(json.dumps(tool_versions(), sort_keys=True).encode())
    folder = build_root() / "prove" / harness.proof.name.replace("/", "_")
    key = hasher.hexdigest()[:16]
    stored = folder / f"{name}-{key}.json"
    if stored.is_file():
        return Outcome(**json.loads(stored.read_text(encoding="utf-8")))
    work = folder / f"{name}-{key}"
    work.mkdir(parents=True, exist_ok=True)
    outcome = run_task(task, work, "task")
    # How far a task comes in its time depends on the machine.
    if outcome.status != "TIMEOUT":
        write_text(stored, json.dumps(asdict(outcome)) + "\n")
    return outcome


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """What came of the proofs, as JSON has it.

    Returns:
        Under ``proofs`` each proof, and under ``rules`` of it each rule; the counts of all; and under ``broken`` a line
        for each rule that says nothing or is wrong.
    """
    proofs = [
        {"name": result.proof, **_counts(result.verdicts), "seconds": result.seconds,
         "rules": [asdict(verdict) for verdict in result.verdicts]}
        for result in results
    ]  # fmt: skip
    verdicts = [verdict for result in results for verdict in result.verdicts]
    return {
        **_counts(verdicts),
        "seconds": round(sum(result.seconds for result in results), 1),
        "broken": [_broken(verdict) for verdict in verdicts if not verdict.holds],
        "proofs": proofs,
    }


def _counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    status = Counter(verdict.status for verdict in verdicts)
    return {
        "properties": len(verdicts),
        **{name: status[name] for name in ("proven", "bounded", "failed", "open")},
        "covers_reached": sum(verdict.reached is not None for verdict in verdicts),
        "mutants_refused": sum(verdict.mutant == "refused" for verdict in verdicts),
    }


def _broken(verdict: Verdict) -> str:
    name = f"{verdict.proof}: {verdict.rule}"
    if verdict.status in ("failed", "open"):
        return f"{name} is {verdict.status}"
    if verdict.reached is None:
        return f"{name}: its cover is not reached, so it says nothing"
    if verdict.mutant == "passed":
        return f"{name} lets its mutant pass"
    return (
        f"{name} is checked for {verdict.depth} cycles; its cover takes {verdict.reached}, and {MARGIN} more are asked"
    )
