"""Speed of simulation beside that of version 0.1: each from its own commit, in turn, in one run; prints JSON.

    python -m tests.speed.against [--pairs 3] [--times 1] [--only NAME] [--json FILE]

Both simulate with everything recorded and compared. One case sets a chip with everything on, real devices in all their
ways and what the hardware has against them, beside the ideal devices of version 0.1. A sequence's cost is the processor
time of the whole command, with its children, builds and Python's byte code at hand. Run it on a machine that does
nothing else; a ratio is the median over pairs of runs that follow each other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from remora.flow.report.configuration import to_toml
from remora.flow.systems.api import load_design
from remora.flow.systems.crossbar.bench import NOISY_DEVICES

ROOT = Path(__file__).parents[2]
BEFORE = "ececabb"
"""Commit of version 0.1."""
LEARNING = ("--learn", "--replay-capacity", "1000")
EVERYTHING = "everything.toml"
"""File of `mnist` with everything on."""
DEVICES = NOISY_DEVICES | {
    "direction_spread": 0.1, "rest_spread": 0.02, "full_spread": 0.05, "write_noise": 0.01, "slow_noise": 0.01,
    "stuck_rest": 0.005, "stuck_full": 0.005, "drift": 0.01, "drift_spread": 0.005, "endurance": 1e6,
    "endurance_spread": 0.3, "wire_row": 1, "wire_column": 1, "full_conductance": 1e-5, "converter_gain": 0.02,
    "plane_error": 0.01,
}  # fmt: skip
CORRECTIONS = {"calibrate_offsets": True, "gain": True, "self_test": True, "spare_columns": 2}


@dataclass(frozen=True)
class Version:
    """A working tree that simulates.

    Attributes:
        tree: its root. ``module``: of its command line. ``builds``: where its simulations are built.
    """

    tree: Path
    module: str
    builds: Path

    def cpu_seconds(self, arguments: tuple[str, ...], result: Path, **environment: str) -> float:
        """Processor time of `remora simulate`, its children's included.

        Raises:
            subprocess.CalledProcessError: it failed, or hardware and golden differ.
        """
        variables = {
            "PYTHONPATH": str(self.tree), "REMORA_SIM_BUILD": str(self.builds), "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(self.builds / "byte-code"), **environment,
        }  # fmt: skip
        command = [sys.executable, "-m", self.module, "simulate", *arguments, "--json", str(result)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=self.tree, env={**os.environ, **variables}, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass(frozen=True)
class Case:
    """What is compared.

    Attributes:
        before, now: arguments of `remora simulate`, the number of sequences apart; `EVERYTHING` lies in the folder of
            the results.
        sequences: in either run.
        least: sequences a processor second of ``now``, as a multiple of those of ``before``, that is promised.
    """

    before: tuple[str, ...]
    now: tuple[str, ...]
    sequences: int
    least: float


CASES = {
    "mnist": Case(("mnist",), ("mnist",), 1000, 1.5),
    "mnist-learn": Case(("mnist", *LEARNING), ("mnist", *LEARNING), 60, 1.5),
    "mnist-fast": Case(("mnist",), ("mnist-fast",), 1000, 3.0),
    "mnist-everything": Case(("mnist",), (EVERYTHING, "--age", "1d"), 200, 1.0),
    "mnist-learn-fast": Case(("mnist", *LEARNING), ("mnist-learn-fast", "--learn"), 60, 2.5),
}
COLD = Case(("mnist",), ("mnist",), 200, 1.0)


@contextmanager
def versions(folder: Path) -> Iterator[tuple[Version, Version]]:
    """Version 0.1 in a working tree of its own, and this one."""
    tree = folder / "before"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, BEFORE], cwd=ROOT, check=True)
    try:
        yield Version(tree, "flow.cli", folder / "builds-before"), Version(ROOT, "remora.flow.cli", folder / "builds")
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


def measure(case: Case, pair: tuple[Version, Version], checkpoint: Path, pairs: int, folder: Path) -> dict[str, Any]:
    """Both sides of a case in turn, after one run each that builds."""
    # What learns trains the network that it starts from: version 0.1 takes no checkpoint of another replay capacity.
    weights = () if "--learn" in case.before else ("--checkpoint", str(checkpoint))
    rest = (*weights, "--limit", str(case.sequences))
    given = (case.before, tuple(str(folder / each) if each == EVERYTHING else each for each in case.now))
    sides = [(version, (*arguments, *rest)) for version, arguments in zip(pair, given, strict=True)]
    seconds: list[list[float]] = [[], []]
    found = []
    for version, arguments in sides:
        version.cpu_seconds(arguments, folder / "result.json")
        found.append(json.loads((folder / "result.json").read_text(encoding="utf-8")))
    for _ in range(pairs):
        for side, (version, arguments) in enumerate(sides):
            seconds[side].append(version.cpu_seconds(arguments, folder / "result.json"))
    return compared(case, seconds, found)


def compared(case: Case, seconds: list[list[float]], found: list[dict[str, Any]]) -> dict[str, Any]:
    """What is reported of a case.

    Args:
        seconds: processor time of every run, by side. ``found``: the result of a run, by side.
    """
    done = [result["sequences"] + result.get("replayed", 0) for result in found]
    ratio = median((done[1] / now) / (done[0] / before) for before, now in zip(*seconds, strict=True))
    sides = [
        {
            "arguments": list(arguments),
            "sequences": count,
            "cpu_seconds": median(each),
            "sequences_per_cpu_second": count / median(each),
            "values_per_sequence": result["values_compared"] / count,
            "mismatches": result["mismatches"],
        }
        for arguments, count, each, result in zip((case.before, case.now), done, seconds, found, strict=True)
    ]
    return {"before": sides[0], "now": sides[1], "ratio": ratio, "least": case.least, "met": ratio >= case.least}


def measure_cold(pair: tuple[Version, Version], checkpoint: Path, folder: Path) -> dict[str, Any]:
    """Processor time of a build from nothing: a run without builds at hand less the next."""
    arguments = ("--checkpoint", str(checkpoint), "--limit", str(COLD.sequences))
    builds = []
    for number, version in enumerate(pair):
        fresh = Version(version.tree, version.module, folder / f"cold-{number}")
        both = [
            fresh.cpu_seconds((*COLD.now, *arguments), folder / "result.json", CCACHE_DISABLE="1") for _ in range(2)
        ]
        builds.append(both[0] - both[1])
    ratio = builds[0] / builds[1]
    return {"before_cpu_seconds": builds[0], "now_cpu_seconds": builds[1], "ratio": ratio, "met": ratio >= COLD.least}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side that count")
    parser.add_argument("--only", action="append", choices=[*CASES, "cold-build"], help="cases; all by default")
    parser.add_argument(
        "--times", type=int, default=1, help="so many times as many sequences; above 1 only with the full MNIST"
    )
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    wanted = options.only or [*CASES, "cold-build"]
    result: dict[str, Any] = {"before": BEFORE, "pairs": options.pairs, "times": options.times}
    with TemporaryDirectory(prefix="remora-speed-") as name, versions(Path(name)) as pair:
        folder = Path(name)
        checkpoint = folder / "digits.npz"
        train = [sys.executable, "-m", pair[0].module, "train", "mnist", "--passes", "1", "--limit", "1000"]
        subprocess.run(
            [*train, "-o", checkpoint], cwd=pair[0].tree, env={**os.environ, "PYTHONPATH": str(pair[0].tree)},
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        everything = load_design("mnist").evolve(devices=DEVICES, crossbar=CORRECTIONS)
        (folder / EVERYTHING).write_text(to_toml(everything), encoding="utf-8")
        for case in wanted:
            print(f"measuring {case}", file=sys.stderr)
            if case == "cold-build":
                result[case] = measure_cold(pair, checkpoint, folder)
            else:
                longer = replace(CASES[case], sequences=options.times * CASES[case].sequences)
                result[case] = measure(longer, pair, checkpoint, options.pairs, folder)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
    text = json.dumps(result | {"now": commit.stdout.strip()}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
