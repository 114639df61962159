"""Sequences a processor second of golden and its compiled kernel on real devices, beside ideal ones and aihwkit 1.1.0.

    python3.11 -m venv build/aihwkit && build/aihwkit/bin/pip install aihwkit==1.1.0 torch==2.12.1
    python -m tests.speed.beside_aihwkit [--peer build/aihwkit/bin/python] [--sequences 2000] [--rounds 3] [--json FILE]

The network is the preset `mnist`: on ideal devices, on those of `remora bench`, which are noisy in every way, and on
those of `om-array`, as `aihwkit_peer.py` beside this file has them. In each round both kernels learn the same digits
from the initial weights, golden infers others in batches, and aihwkit trains in a process of its own. Every ratio is
that of a round, and what is printed are medians. numpy's library of linear algebra may use one thread.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from remora.flow.systems.api import load_design
from remora.flow.systems.crossbar.bench import NOISY_DEVICES
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import load
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import learn_sequences
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import suggestion

PEER = Path(__file__).with_name("aihwkit_peer.py")
PEER_SEQUENCES = 100
CHIPS: dict[str, dict[str, Any]] = {"ideal": {}, "noisy": NOISY_DEVICES, "om-array": {"model": "om-array"}}
WARM_UP = 20
INFERRED = 1024


def with_devices(design: DesignPoint, section: dict[str, Any]) -> DesignPoint:
    """A design point of these devices, its accumulators and pulses as they suit them."""
    return design.evolve(devices=section, **suggestion(design, Devices(**section)).changes) if section else design


def over(rounds: list[dict[str, dict[str, float]]], value: Callable[..., float]) -> dict[str, dict[str, float]]:
    """The median over rounds, of each who and chip."""
    return {
        who: {chip: median(value(found, who, chip) for found in rounds) for chip in chips}
        for who, chips in rounds[0].items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a Python that has aihwkit; without it golden alone is measured")
    parser.add_argument("--sequences", type=int, default=2000, help="that golden learns in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    given = parser.parse_args()
    ideal = load_design("mnist")
    designs = {name: with_devices(ideal, section) for name, section in CHIPS.items()}
    training, test = load(ideal, train=given.sequences + WARM_UP, test=INFERRED)
    weights = initial_weights(ideal)

    def learning(kernel: str, devices: str) -> float:
        trainer = ReplayTrainer(designs[devices], weights, kernel=learning_kernel(kernel))
        learn_sequences(trainer, training, range(WARM_UP))
        before = process_time()
        learn_sequences(trainer, training, range(WARM_UP, len(training)))
        return (len(training) - WARM_UP) / (process_time() - before)

    def inference(devices: str) -> float:
        before = process_time()
        infer(designs[devices], weights, test.x)
        return len(test) / (process_time() - before)

    def aihwkit() -> float:
        command = [given.peer, str(PEER), "--sequences", str(PEER_SEQUENCES), "--rounds", "1"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return float(json.loads(done.stdout)["sequences_a_cpu_second"])

    rounds: list[dict[str, dict[str, float]]] = []
    for _ in range(given.rounds):
        found = {kernel: {name: learning(kernel, name) for name in designs} for kernel in ("numpy", "compiled")}
        found["inference"] = {name: inference(name) for name in designs}
        rounds.append(found | ({"aihwkit": {"om-array": aihwkit()}} if given.peer else {}))
    result = {
        "sequences_a_cpu_second": over(rounds, lambda found, who, chip: found[who][chip]),
        "times_ideal": over(
            [{who: chips for who, chips in found.items() if "ideal" in chips} for found in rounds],
            lambda found, who, chip: found[who][chip] / found[who]["ideal"],
        ),
        "times_aihwkit": over(rounds, lambda found, who, chip: found[who][chip] / found["aihwkit"]["om-array"])
        if given.peer
        else {},
        "rounds": rounds,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
