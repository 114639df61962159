"""Faults in the map of the spare columns, and in the tiles that follow it, each of which a run notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus
from remora.flow.tools.simulator import Build, SimulationFailed, run
from remora.flow.verify.run import run_case
from tests.support import faulty_build
from tests.top.crossbar.spares.maps import SPARED, random_map
from tests.top.crossbar.spares.test_spares import GATES, SEQUENCES

MAP = "remora_spare_map"
FAULTS = [
    Fault("spare", "the other spare of a tile is in use", MAP, {"hidden__enabled": "good_hidden__enabled >> 1"}),
    Fault("column", "a spare stands in for another column", MAP, {"readout__columns": "~good_readout__columns"}),
    Fault("idle", "no spare of the readout is in use", MAP, {"readout__enabled": "0"}),
    Fault("shown", "the map reads back wrong", MAP, {"host__shown": "good_host__shown ^ 1"}),
    Fault("lost", "flags of the column before count after another map", MAP, {
        "hidden__changed": "0", "readout__changed": "0",
    }),
    Fault("there", "spares that are not there can be selected", MAP, {"host__selection_valid": "1"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Build:
    """The design with all mistakes in it."""
    return faulty_build(SPARED, FAULTS, tmp_path_factory.mktemp("faulty"))


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(len(FAULTS) + 1), ids=["sound", *(fault.name for fault in FAULTS)])
def test_every_mistake_is_noticed(number, faulty, tmp_path):
    """By a run that learns, or by what the registers of the map answer."""
    plusargs = [f"+{FAULT_PLUSARG}={number}"]
    stimulus = replace(learning_stimulus(SPARED, SEQUENCES, GATES, 1), spares=random_map(SPARED, 1))
    config = {"design": SPARED.model_dump(mode="json")}
    try:
        learnt = run_case(faulty, CrossbarCase(SPARED, stimulus), tmp_path, seed=1, plusargs=plusargs).failure()
        run(faulty, "remora.tb.crossbar.top_spares", config=config, plusargs=plusargs)
        noticed = bool(learnt)
    except SimulationFailed:
        noticed = True
    assert noticed == (number > 0)
