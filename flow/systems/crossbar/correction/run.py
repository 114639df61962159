"""The calibration of a chip on the hardware, compared with golden's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from remora.flow.systems.crossbar.chip_files import write_chip
from remora.flow.systems.crossbar.devices import check_states, devices_asked
from remora.flow.tools.simulator import Build, run
from remora.flow.verify.records import Check
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.correction.plan import calibration_cycles
from remora.spec.crossbar.design import DesignPoint
from remora.tb.lib.scoreboard import Comparison, compare

OFFSETS = "offsets"
"""Kind of the records of columns and of the time, besides those of devices."""
CYCLES_OFF = 8
"""Cycles by which the interrupt may come later than a calibration ends."""
_OFFSET = [("run", "<i4"), ("layer", "<i4"), ("column", "<i4"), ("value", "<i4")]
TIME = -1
"""Layer of the record that has the cycles beyond those that are predicted, 0 where they fit."""


def run_calibrations(
    build: Build,
    design: DesignPoint,
    chip: Chip,
    state: DeviceState,
    directory: Path,
    *,
    runs: int = 1,
    plusargs: Sequence[str] = (),
) -> Comparison:
    """Let the hardware and golden calibrate a chip, and compare all offsets, the time, and every device at the end.

    Args:
        build: of the harness of the design.
        state: of the chip's devices before; golden changes it.
        runs: how many calibrations, one after the other.

    Raises:
        SimulationFailed: a calibration does not end.
    """
    write_chip(directory, design, state, chip)
    golden = []
    for _ in range(runs):
        state.calibrate(design, chip)
        golden.append([each.tolist() for each in state.offsets or ()])
    output, cycles = directory / "calibrations.json", calibration_cycles(design)
    config = {"design": design.model_dump(mode="json"), "runs": runs, "cycles": cycles, "output": str(output)}
    arguments = [f"+remora_chip={directory}", devices_asked(directory), *plusargs]
    run(
        build, "remora.tb.crossbar.top_correction", testcase="calibrate", config=config, plusargs=arguments,
        run_dir=directory,
    )  # fmt: skip
    found = json.loads(output.read_text(encoding="utf-8"))["runs"]
    late = [each["cycles"] - cycles for each in found]
    checks = [
        Check(
            OFFSETS,
            _records(golden, [0] * runs),
            _records([each["offsets"] for each in found], [0 if 0 <= one <= CYCLES_OFF else one for one in late]),
        ),
        check_states(design, state, directory),
    ]
    return compare({each.kind: each.expected for each in checks}, {each.kind: each.actual for each in checks})


def _records(runs: Sequence[Sequence[Sequence[int]]], late: Sequence[int]) -> np.ndarray:
    """A record a column, and one for the time of each calibration."""
    found = []
    for number, layers in enumerate(runs):
        found += [
            (number, layer, column, value) for layer, held in enumerate(layers) for column, value in enumerate(held)
        ]
        found.append((number, TIME, 0, late[number]))
    return np.array(found, _OFFSET)
