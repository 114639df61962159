"""What program-and-verify buys: programming errors of chips in golden, open loop and verified.

``python -m tests.golden.devices.program_chips [SEED]`` prints a table; nothing is compared.
"""

from __future__ import annotations

import sys

import numpy as np

from remora.flow.experiments.real_devices.devices import CHIPS
from remora.flow.systems.crossbar.devices import erased_devices
from remora.golden.crossbar.device_window import DeviceWindow
from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.presets import load_design

NETWORK = {"features": 28, "hidden": 40, "classes": 10}
RANGES = (16, 31)
"""Largest magnitudes of the uniform weights, in levels."""
WINDOWS: dict[str, dict[str, int]] = {
    "open loop": {},
    "1 read, 1 code": {"verify_pulses": 255, "verify_reads": 1, "verify_tolerance": 1},
    "4 reads, 1 code": {"verify_pulses": 255, "verify_reads": 4, "verify_tolerance": 1},
    "4 reads, 2 codes": {"verify_pulses": 255, "verify_reads": 4, "verify_tolerance": 2},
    "4 reads, 1 code, 20 pulses": {"verify_pulses": 20, "verify_reads": 4, "verify_tolerance": 1},
}


def programmed(design: DesignPoint, seed: int, most: int) -> list[float]:
    """Programming error in levels, rms and 99 % of magnitudes, pulses a weight, and share of unverified rows in %."""
    random = np.random.default_rng(seed)
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    hidden, readout = (random.integers(-most, most + 1, shape).astype(np.int16) for shape in shapes)
    window = DeviceWindow(design, erased_devices(design, Weights(hidden, readout)))
    ended = window.program(Weights(hidden, readout))
    held = window.state.conductances(window.chip)
    errors = np.concatenate(
        [
            ((held[layer][0] - held[layer][1]) / window.chip.model.level - levels).reshape(-1)
            for layer, levels in zip(Layer, (hidden, readout), strict=True)
        ]
    )
    return [
        float(np.sqrt(np.mean(errors**2))),
        float(np.quantile(np.abs(errors), 0.99)),
        sum(each.pulses for each in ended) / errors.size,
        100 * sum(each.mismatches for each in ended) / errors.size,
    ]


def main(seed: int) -> None:
    """Print the table."""
    mnist = load_design("mnist", DesignPoint).evolve(network=NETWORK)
    for chip in ("spread-10", "taox-hfox"):
        for most in RANGES:
            for name, fields in WINDOWS.items():
                design = mnist.evolve(devices={**CHIPS[chip], "seed": seed}, crossbar=fields)
                found = " ".join(f"{value:8.2f}" for value in programmed(design, seed, most))
                print(f"{chip:10} ±{most} {name:28} {found}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
