"""Every bit of every counter of whole designs, from where it is counted to the bus."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import run
from remora.golden.crossbar.weights import random_weights
from remora.hdl.bmru.probes import BMRU_PROBES
from remora.hdl.lib.counters import HALF_BITS
from remora.spec.bmru.counters import BmruCounter
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import COUNTER_BITS
from remora.spec.presets import load_design
from tests.support import COUNTERS
from tests.top.bmru.test_bmru import DESIGNS as BMRU

DESIGNS = {"bmru": BMRU["odd"], "crossbar": load_design("tiny", DesignPoint)}
ROUNDS = 12


def halves(instance: str, name: str) -> list[tuple[str, int]]:
    """Registers of a counter in an instance, and the bits of each."""
    return [(f"{instance}.{name.lower()}_{half}", HALF_BITS) for half in ("low", "high")]


def holders(design) -> dict[str, list[tuple[str, int]]]:
    """By counter the registers that hold it, the low bits first."""
    held = {counter.name: halves("counters", counter.name) for counter in design.counters()}
    if not isinstance(design, DesignPoint):
        held[BmruCounter.CYCLES.name] = halves("cycles", BmruCounter.CYCLES.name)
        held[BmruCounter.CHARGE.name] = [(f"{BMRU_PROBES['core_clock'][0]}.charge_r", COUNTER_BITS)]
    return held


@pytest.mark.parametrize("name", DESIGNS)
def test_every_bit_of_every_counter(name, harness, tmp_path):
    design = DESIGNS[name]
    config = {"design": design.model_dump(mode="json"), "rounds": ROUNDS, "holders": holders(design)}
    arguments = []
    if isinstance(design, DesignPoint):
        config |= {"grow": [Counter.CYCLES.name, Counter.IDLE_CYCLES.name], "shown": {}}
        arguments = [f"+remora_images={tmp_path / 'images'}"]
    else:
        shown = {each: f"controller.sequencer.awake_{each}" for each in ("last", "most")}
        config |= {"grow": [BmruCounter.CYCLES.name], "shown": {"AWAKE": shown}}
    _, build = harness(design, COUNTERS)
    if arguments:
        write_images(design, random_weights(design, 1), tmp_path / "images")
    run(build, "remora.tb.lib.top_counters", config=config, plusargs=arguments, run_dir=tmp_path)
