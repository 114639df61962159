"""Training sequences a processor second of aihwkit 1.1.0, beside which golden and its compiled kernel are compared.

    python3.11 -m venv build/aihwkit && build/aihwkit/bin/pip install aihwkit==1.1.0 torch==2.12.1
    build/aihwkit/bin/python tests/speed/aihwkit_peer.py [--sequences 100] [--rounds 3]

It needs no file of this project. The network is that of the preset `mnist`: 28 features, 100 recurrent units, 10
classes, 28 steps, one sequence at a time, on devices of `ReRamArrayOMPresetDevice`, trained by aihwkit's own stochastic
gradient descent in pulses. The data are random: they bear on no speed. Prints JSON; a round counts user and system time
of this process, on one thread, after a few sequences that warm it up.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from importlib.metadata import version
from statistics import median

import torch
from aihwkit.nn import AnalogLinear, AnalogRNN, AnalogVanillaRNNCell
from aihwkit.optim import AnalogSGD
from aihwkit.simulator.configs import SingleRPUConfig
from aihwkit.simulator.presets.devices import ReRamArrayOMPresetDevice
from torch import nn

FEATURES, HIDDEN, CLASSES, STEPS = 28, 100, 10, 28
WARM_UP = 5


class Network(nn.Module):
    """A recurrent layer and a readout of its last state."""

    def __init__(self) -> None:
        super().__init__()
        config = SingleRPUConfig(device=ReRamArrayOMPresetDevice())
        self.hidden = AnalogRNN(AnalogVanillaRNNCell, FEATURES, HIDDEN, bias=True, rpu_config=config)
        self.readout = AnalogLinear(HIDDEN, CLASSES, bias=True, rpu_config=config)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Scores of a sequence, (steps, 1, features)."""
        states, _ = self.hidden(features)
        return self.readout(states[-1])


def seconds() -> float:
    """Processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Train, and print what a processor second is worth."""
    parser = argparse.ArgumentParser(description="Training sequences a processor second of aihwkit.")
    parser.add_argument("--sequences", type=int, default=100, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    network, loss = Network(), nn.CrossEntropyLoss()
    optimiser = AnalogSGD(network.parameters(), lr=0.05)
    optimiser.regroup_param_groups(network)

    def train(count: int) -> None:
        for _ in range(count):
            optimiser.zero_grad()
            loss(network(torch.rand(STEPS, 1, FEATURES)), torch.randint(CLASSES, (1,))).backward()
            optimiser.step()

    train(WARM_UP)
    speeds = []
    for _ in range(given.rounds):
        before = seconds()
        train(given.sequences)
        speeds.append(given.sequences / (seconds() - before))
    versions = {name: version(name) for name in ("aihwkit", "torch")} | {"python": sys.version.split()[0]}
    print(json.dumps({"sequences_a_cpu_second": median(speeds), "rounds": speeds, "versions": versions}, indent=1))


if __name__ == "__main__":
    main()
