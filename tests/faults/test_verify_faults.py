"""Faults in program-and-verify, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.verify_faults import mark_faults, verify_faults
from remora.flow.systems.crossbar.devices import DEVICES, PROGRAMMED
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from tests.top.crossbar.bring_up.test_program_and_verify import GIVES_UP
from tests.top.crossbar.test_devices import EVERYTHING

DESIGN = GIVES_UP.evolve(learning={"enabled": False, "compensation": False})
FAULTS = verify_faults(DESIGN)
FIRST = len(catalogue(DESIGN)) - len(FAULTS) + 1


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(True).require(PROGRAMMED, DEVICES)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(FIRST, FIRST + len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_every_fault_of_verifying_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.fault in FAULTS
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_only_windows_that_verify_real_devices_have_them():
    names = {fault.name for fault in catalogue(DESIGN)}
    assert len(FAULTS) >= 6 and len(names) == len(catalogue(DESIGN))
    for other in ({"devices": dict.fromkeys(EVERYTHING)}, {"crossbar": {"verify_pulses": 0}}):
        assert not {fault.name for fault in FAULTS} & {fault.name for fault in catalogue(DESIGN.evolve(**other))}


@pytest.fixture(scope="module")
def marked_bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(GIVES_UP)


@pytest.mark.nightly
@pytest.mark.parametrize("position", range(1, 1 + len(mark_faults(GIVES_UP))))
def test_every_fault_of_marks_is_noticed(marked_bench, position):
    """Rule W5; the last faults of the catalogue."""
    faults = mark_faults(GIVES_UP)
    verdict = marked_bench.verdict(len(catalogue(GIVES_UP)) - len(faults) + position)
    assert verdict.fault == faults[position - 1]
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"
