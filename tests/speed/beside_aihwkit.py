"""Training sequences a processor second of golden and its compiled kernel, as multiples of those of aihwkit 1.1.0.

    python3.11 -m venv build/aihwkit && build/aihwkit/bin/pip install aihwkit==1.1.0 torch==2.12.1
    python -m tests.speed.beside_aihwkit build/aihwkit/bin/python [--sequences 2000] [--rounds 3] [--json FILE]

The network is the preset `mnist` on devices of `om-array`, as `aihwkit_peer.py` beside this file has it. In each round
both kernels learn the same digits from the initial weights, on the chip and on ideal devices, and aihwkit trains in a
process of its own; every ratio is that of a round, and what is printed are medians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from statistics import median
from time import process_time

from remora.flow.systems.api import load_design
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import load
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import learn_sequences
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import suggestion

PEER = Path(__file__).with_name("aihwkit_peer.py")
PEER_SEQUENCES = 100
PRESET = {"model": "om-array"}
WARM_UP = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", help="a Python that has aihwkit")
    parser.add_argument("--sequences", type=int, default=2000, help="that golden learns in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    given = parser.parse_args()
    ideal = load_design("mnist")
    chip = ideal.evolve(devices=PRESET, **suggestion(ideal, Devices(**PRESET)).changes)
    training, _ = load(ideal, train=given.sequences + WARM_UP, test=1)
    weights, designs = initial_weights(ideal), {"ideal": ideal, "om-array": chip}

    def golden(name: str, devices: str) -> float:
        trainer = ReplayTrainer(designs[devices], weights, kernel=learning_kernel(name))
        learn_sequences(trainer, training, range(WARM_UP))
        before = process_time()
        learn_sequences(trainer, training, range(WARM_UP, len(training)))
        return (len(training) - WARM_UP) / (process_time() - before)

    def aihwkit() -> float:
        command = [given.peer, str(PEER), "--sequences", str(PEER_SEQUENCES), "--rounds", "1"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return float(json.loads(done.stdout)["sequences_a_cpu_second"])

    rounds = [
        {"aihwkit": aihwkit()}
        | {f"{name}, {devices}": golden(name, devices) for name in ("numpy", "compiled") for devices in designs}
        for _ in range(given.rounds)
    ]
    result = {
        "sequences_a_cpu_second": {name: median(each[name] for each in rounds) for name in rounds[0]},
        "times_aihwkit": {name: median(each[name] / each["aihwkit"] for each in rounds) for name in rounds[0]},
        "rounds": rounds,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
