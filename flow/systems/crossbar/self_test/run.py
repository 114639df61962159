"""The self-test of a chip on the hardware, and everything that it finds and does compared with golden's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remora.flow.systems.crossbar.chip_files import write_chip
from remora.flow.systems.crossbar.devices import DEVICES, check_states, devices_asked
from remora.flow.tools.simulator import Build, run
from remora.flow.verify.records import Check
from remora.golden.devices.chip import Chip
from remora.golden.devices.self_test import SelfTestResult, self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.self_test.plan import CLASS_SHIFT, HARDWARE_CLASSES, LEAST_SUM, Finding
from remora.tb.lib.scoreboard import Comparison, compare

FINDINGS, NUMBERS, SUMS = "findings", "numbers", "sums"
"""Kinds of records that are compared besides those of devices."""
CYCLES_OFF = 8
"""Cycles by which the interrupt may come later than the test ends."""
_FINDING = [("test", "<i4"), ("word", "<u4")]
_NUMBER = [("test", "<i4"), ("status", "<u4", (2,)), ("counts", "<u4", (len(HARDWARE_CLASSES),)), ("late", "<i4")]
_SUM = [("test", "<i4"), ("sum", "<i4")]


@dataclass
class SelfTestRun:
    """Self-tests of one chip, one after the other.

    Attributes:
        golden: what golden found in each.
        listed: what the hardware lists after each. ``cycles``: those that it took.
        comparison: of findings, counts, and every device at the end.
    """

    golden: list[SelfTestResult]
    listed: list[list[Finding]]
    cycles: list[int]
    comparison: Comparison

    @property
    def required(self) -> tuple[str, ...]:
        """Kinds of which a record must have been compared: findings too where golden lists any."""
        lists = any(each.listed for each in self.golden)
        return (NUMBERS, SUMS, DEVICES, *([FINDINGS] if lists else []))


def run_self_test(
    build: Build,
    design: DesignPoint,
    chip: Chip,
    state: DeviceState,
    threshold: int,
    directory: Path,
    *,
    least: int = LEAST_SUM,
    tests: int = 1,
    pulses: bool = True,
    plusargs: Sequence[str] = (),
) -> SelfTestRun:
    """Let the hardware and golden test a chip, and compare.

    Args:
        build: of the harness of the design.
        state: of the chip's devices before; golden changes it. Its offsets, if any, are stored before the first test.
        least: sum of a plane with which others are compared.
        tests: how many, one after the other.
        pulses: they test devices; else these are weighed alone.

    Raises:
        SimulationFailed: a test does not end.
    """
    write_chip(directory, design, state, chip)
    golden = [self_test(design, chip, state, threshold, least, pulses) for _ in range(tests)]
    output = directory / "self_test.json"
    config = {
        "design": design.model_dump(mode="json"), "threshold": threshold, "least": least, "tests": tests,
        "pulses": pulses, "output": str(output), "offsets": [each.tolist() for each in state.offsets or ()],
        "spares": chip.spares.columns if chip.spares and chip.spares.used else [],
        "cycles": max(each.cycles(design) for each in golden),
    }  # fmt: skip
    arguments = [f"+remora_chip={directory}", devices_asked(directory), *plusargs]
    run(
        build, "remora.tb.crossbar.top_self_test", testcase="find_defects", config=config, plusargs=arguments,
        run_dir=directory,
    )  # fmt: skip
    found = json.loads(output.read_text(encoding="utf-8"))["runs"]
    checks = [
        _findings(golden, found), _numbers(design, golden, found), _sums(golden, found),
        check_states(design, state, directory),
    ]  # fmt: skip
    comparison = compare({each.kind: each.expected for each in checks}, {each.kind: each.actual for each in checks})
    # What the hardware lists may be wrong, and no finding at all.
    legal = [[word for word in each["findings"] if word >> CLASS_SHIFT in iter(HARDWARE_CLASSES)] for each in found]
    listed = [[Finding.of_word(word) for word in words] for words in legal]
    return SelfTestRun(golden, listed, [each["cycles"] for each in found], comparison)


def _findings(golden: Sequence[SelfTestResult], found: Sequence[dict]) -> Check:
    """A record for each entry of the lists, in their order."""
    expected = [(number, each.word) for number, result in enumerate(golden) for each in result.listed]
    actual = [(number, word) for number, each in enumerate(found) for word in each["findings"]]
    return Check(FINDINGS, np.array(expected, _FINDING), np.array(actual, _FINDING))


def _numbers(design: DesignPoint, golden: Sequence[SelfTestResult], found: Sequence[dict]) -> Check:
    """A record a test: how many findings, of each class, and whether it took the cycles that are predicted."""
    expected, actual = np.zeros(len(golden), _NUMBER), np.zeros(len(found), _NUMBER)
    for number, result in enumerate(golden):
        counts = [result.count(defect) for defect in HARDWARE_CLASSES]
        status = [len(result.findings), int(len(result.findings) > len(result.listed))]
        expected[number] = number, status, counts, 0
    for number, each in enumerate(found):
        counts = [each["counts"][name] for name in ("stuck", "offset", "dead_columns", "dead_converters", "planes")]
        late = each["cycles"] - golden[number].cycles(design)
        status = [each["status"]["findings"], each["status"]["overflow"]]
        actual[number] = number, status, counts, 0 if 0 <= late <= CYCLES_OFF else late
    return Check(NUMBERS, expected, actual)


def _sums(golden: Sequence[SelfTestResult], found: Sequence[dict]) -> Check:
    """A record a column of a row tile and test: what its readings of single planes added up to."""
    expected = [
        (number, int(total)) for number, result in enumerate(golden) for of_layer in result.column_sums
        for total in of_layer.ravel()
    ]  # fmt: skip
    actual = [(number, total) for number, each in enumerate(found) for total in each["sums"]]
    return Check(SUMS, np.array(expected, _SUM), np.array(actual, _SUM))
