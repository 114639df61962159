"""Measure devices of aihwkit 1.1.0, for the tests beside this file; not run in continuous integration.

    python3.11 -m venv build/aihwkit && build/aihwkit/bin/pip install aihwkit==1.1.0 torch==2.12.1
    build/aihwkit/bin/python tests/golden/devices/make_aihwkit.py tests/golden/devices/data/aihwkit.json

torch 2.10 to 2.12 work. It needs no file of this project, and takes a minute. Per device it writes

- its parameters, as `remora devices convert` reads them;
- `mean` and `deviation` of the persistent weight of `DEVICES` devices, each from its own lower bound, after every
  strobe: so many up, then as many down. One strobe is `pulses` pulses of aihwkit's;
- the deviation of what a device shows beside its persistent weight, `write_noise`.

Of the phase-change memory's noise model it writes mean and deviation of the conductance over that of a full device, of
`DEVICES` devices a target, by time after programming.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from aihwkit.inference.noise.pcm import PCMLikeNoiseModel
from aihwkit.simulator.configs import SingleRPUConfig
from aihwkit.simulator.presets.devices import (
    EcRamPresetDevice,
    ReRamArrayHfO2PresetDevice,
    ReRamArrayOMPresetDevice,
)
from aihwkit.simulator.tiles.analog import AnalogTile

SEED = 20221205
DEVICES = 20_000
STROBES = {"om-array": 60, "hfo2-array": 20, "ecram": 40}
DEVICE = {
    "om-array": ReRamArrayOMPresetDevice,
    "hfo2-array": ReRamArrayHfO2PresetDevice,
    "ecram": EcRamPresetDevice,
}
RANGE_LEVELS = 31
ON_OFF = 100
"""Of the preset of phase-change memory, whose levels are the targets."""
TIMES = (0.0, 60.0, 3600.0, 86400.0, 3.15576e7, 3.15576e8)
"""Seconds after programming."""


def tile_of(device, **changes) -> AnalogTile:
    """A tile of `DEVICES` devices that takes single pulses."""
    config = SingleRPUConfig(device=dataclasses.replace(device, construction_seed=SEED, **changes))
    config.forward.is_perfect = True
    config.update.update_bl_management = False
    config.update.update_management = False
    config.update.desired_bl = 1
    tile = AnalogTile(DEVICES, 1, config)
    tile.set_learning_rate(1)
    return tile


def weights(tile: AnalogTile) -> np.ndarray:
    """What the devices show."""
    return tile.get_weights()[0].numpy().reshape(-1).astype(np.float64)


def response(name: str) -> dict:
    """Mean and deviation of persistent weights after every strobe, up and down."""
    device = DEVICE[name]()
    pulses = max(1, round((device.w_max - device.w_min) / device.dw_min / RANGE_LEVELS))
    bare = {"write_noise_std": 0.0}
    if hasattr(device, "reference_std"):
        bare |= {"reference_std": 0.0, "subtract_symmetry_point": False}
    tile = tile_of(device, **bare)
    tile.set_weights(torch.full((DEVICES, 1), -100.0))  # held at each device's own bound
    row, column = -torch.ones(1, 1), torch.ones(1, DEVICES)
    shown = [weights(tile)]
    for direction in (1.0, -1.0):
        for _ in range(STROBES[name]):
            for _ in range(pulses):
                tile.update(row, column * direction)
            shown.append(weights(tile))
    traces = np.array(shown)
    noise = 0.0
    if device.write_noise_std:
        noisy = tile_of(device, **(bare | {"write_noise_std": device.write_noise_std}))
        hidden = {name: value.numpy().reshape(-1) for name, value in noisy.get_hidden_parameters().items()}
        inside = (hidden["max_bound"] > 0) & (hidden["min_bound"] < 0)
        noisy.set_weights(torch.zeros(DEVICES, 1))
        noise = float(weights(noisy)[inside].std())
    return {
        "parameters": dataclasses.asdict(device),
        "pulses": pulses,
        "strobes": STROBES[name],
        "mean": [round(float(each), 6) for each in traces.mean(1)],
        "deviation": [round(float(each), 6) for each in traces.std(1)],
        "write_noise": round(noise, 6),
    }


def phase_change() -> dict:
    """Conductances of programmed phase-change memory over that of a full device, by target and time."""
    model = PCMLikeNoiseModel()
    targets = [(1 + (ON_OFF - 1) * level / RANGE_LEVELS) / ON_OFF for level in range(RANGE_LEVELS + 1)]
    found: dict = {"targets": [round(x, 6) for x in targets], "times": TIMES, "mean": [], "deviation": []}
    for time in TIMES:
        mean, deviation = [], []
        for x in targets:
            wanted = torch.full((DEVICES,), x * model.g_max)
            shown = model.apply_programming_noise_to_conductance(wanted)
            if time:
                exponents = model.generate_drift_coefficients(wanted)
                shown = model.apply_drift_noise_to_conductance(shown, exponents, time)
            over = (shown / model.g_max).double()
            mean.append(round(float(over.mean()), 6))
            deviation.append(round(float(over.std()), 6))
        found["mean"].append(mean)
        found["deviation"].append(deviation)
    return found


def main() -> None:
    """Measure everything, and write it to the file that the command line names."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    result = {
        "what": "devices of aihwkit, measured by tests/golden/devices/make_aihwkit.py",
        "command": "python tests/golden/devices/make_aihwkit.py tests/golden/devices/data/aihwkit.json",
        "versions": {name: version(name) for name in ("aihwkit", "torch", "numpy")}
        | {"python": sys.version.split()[0]},
        "seed": SEED,
        "devices": DEVICES,
        "responses": {name: response(name) for name in STROBES},
        "phase_change": phase_change(),
    }
    text = json.dumps(result, indent=1, default=lambda value: dataclasses.asdict(value))
    assert all(math.isfinite(each) for one in result["responses"].values() for each in one["mean"])
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
