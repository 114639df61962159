"""A soak finds a fault that is put into the hardware, shrinks what shows it, saves it, and repeats it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remora.flow.faults.mutation import Fault, mutate
from remora.flow.generate.directory import Generated
from remora.flow.systems.bmru.soak.soaker import BmruSoaker
from remora.flow.systems.crossbar.soak.soaker import CrossbarSoaker
from remora.flow.systems.registry import systems
from remora.flow.tools.simulator import write_source
from remora.flow.verify.soak.campaign import FIRST, POINT, REPORT, Campaign, saved_point
from remora.flow.verify.soak.engine import Netlist, repeat
from remora.flow.verify.soak.log import Log
from remora.flow.verify.soak.soaker import Soaker, read_point

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
CYCLES = 8000


@dataclass(frozen=True)
class Faulty:
    """The netlist with one fault in it that never sleeps."""

    fault: Fault

    def __call__(self, generated: Generated) -> Netlist:
        asleep = mutate(generated.netlist.read_text(encoding="utf-8"), [self.fault])
        awake = asleep.replace("fault)) fault = 0;", "fault)) fault = 1;")
        assert awake != asleep
        instances = generated.sidecar["instances"]
        wrapped = frozenset(each["path"] for each in instances if each["module"] == self.fault.module)
        return Netlist(write_source("remora_faults.v", awake), wrapped)


class SmallCrossbar(CrossbarSoaker):
    """Draws design points of a few units that infer, which are built quickly."""

    def draw(self, random: np.random.Generator) -> Any:
        """See the base."""
        return self.load(
            {
                "name": "soak", "network": {"features": 2, "hidden": 3, "classes": 2, "max_steps": 3},
                "cell": {"lanes": 2}, "crossbar": {"rows": 4, "columns": 2, "adc_cycles": int(random.integers(1, 9))},
            }
        )  # fmt: skip


class SmallBmru(BmruSoaker):
    """Draws design points of a few cells."""

    def draw(self, random: np.random.Generator) -> Any:
        """See the base."""
        return self.load(
            {
                "name": "soak", "core": "bmru", "network": {"features": 2, "width": 2, "blocks": 1, "classes": 2},
                "settling": {"phase_cycles": 3}, "vote": {"frames": int(random.integers(2, 9))},
            }
        )  # fmt: skip


SMALL: dict[str, tuple[Soaker, Fault]] = {
    "crossbar": (
        SmallCrossbar(),
        Fault("bias_missing", "the bias line stays low", "remora_bit_streamer", {"wl_pos": "good_wl_pos & 6'h1f"}),
    ),
    "bmru": (
        SmallBmru(),
        Fault("class_wrong", "answers tell another class", "remora_reporter", {"decision": "~good_decision"}),
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SMALL)
def test_a_fault_is_found_shrunk_saved_and_repeated(name, tmp_path):
    soaker, fault = SMALL[name]
    faulty, said = Faulty(fault), list[str]()
    log = Log(tmp_path / "soak.jsonl")
    campaign = Campaign(
        {name: soaker}, 1, log, tmp_path / "failures", cycles=CYCLES, shrink_seconds=60, alter=faulty, say=said.append
    )
    (folder,) = campaign.run(seconds=0)
    totals = log.totals()
    assert totals["failures"] == 1 and totals["mismatches"] > 0 and totals["points"] == 1, totals
    assert "FAILED" in said[0] and str(folder) in said[0]
    first, small = read_point(folder / FIRST), saved_point(folder)
    assert small.traffic["last"] < first.traffic["last"] and small.traffic["last"] <= 4
    assert f"remora soak --repeat {folder}" in (folder / REPORT).read_text(encoding="utf-8")
    assert (folder / POINT).is_file()
    still = repeat(soaker, small, faulty)
    assert still.failure and still.mismatches and still.kind == "golden"
    mended = repeat(soaker, small)
    assert not mended.failure and mended.golden_values > 0 and mended.third_values > 0


@pytest.mark.nightly
@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_agrees(path):
    point = read_point(path)
    soaker = systems()[point.system].soaker()
    assert soaker is not None
    outcome = repeat(soaker, point)
    assert not outcome.failure, outcome.failure
    assert outcome.cycles > 0 and outcome.golden_values > 0 and outcome.third_values > 0


def test_there_is_something_to_repeat():
    assert {read_point(path).system for path in FOUND} == {"crossbar", "bmru"}
