"""The test mode of bring-up: any rows of a tile driven on any planes, and the code of any column."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault, mutate
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import SimulationFailed, run, write_source
from remora.flow.verify.harness import build_harness
from tests.hdl.designs import DESIGNS, TILED
from tests.support import generated_copy
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS, HIDDEN, READOUT, hang, run_hanging
from tests.top.crossbar.known_run import known_run

STRETCHES = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 3, 0, 0], [2, 1, 5, 3]]
"""Of planes, the gap, conversions and pulses."""
FAULTS = [
    Fault(
        "column", "the code of the neighbour is shown", "remora_weight_window",
        {f"program_{layer}__column": f"good_program_{layer}__column ^ 1" for layer in ("hidden", "readout")},
    ),
    Fault(
        "polarity", "rows are driven with the other polarity", "remora_weight_window",
        {
            f"wordlines__{layer}_{one}": f"good_wordlines__{layer}_{other}"
            for layer in ("hidden", "readout")
            for one, other in (("pos", "neg"), ("neg", "pos"))
        },
    ),
    Fault(
        "plane", "the second plane is not integrated", "remora_column_probe",
        {
            f"crossbars__{layer}__integrate": f"good_crossbars__{layer}__integrate && !(drive && step == 1)"
            for layer in ("hidden", "readout")
        },
    ),
    Fault(
        "kept", "a conversion leaves what was gathered", "remora_column_probe",
        {
            f"crossbars__{layer}__sample": f"good_crossbars__{layer}__sample && !convert"
            for layer in ("hidden", "readout")
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize("name", ["one", "tiny", pytest.param("above", marks=pytest.mark.nightly)])
def test_codes_are_those_of_golden(name, harness, tmp_path):
    """Sizes of 1, several tiles in both directions, and a tile of two slices."""
    design = DESIGNS[name]
    known, images = known_run(design, 5, tmp_path)
    _, build = harness(design)
    config = known | {"stretches": STRETCHES}
    for test in ("any_rows", "refusals"):
        result = run(build, "remora.tb.crossbar.top_driving", testcase=test, config=config, plusargs=[images])
        assert len(result.tests) == 1


@pytest.mark.parametrize(
    "hanging",
    [
        pytest.param(name, marks=pytest.mark.nightly) if name in ("every", "verified") else name
        for name in DESIGN_POINTS
    ],
    indirect=True,
)
def test_with_contexts_integrators_and_learning(hanging, tmp_path):
    run_hanging(hanging, tmp_path, "top_driving.any_rows", stretches=STRETCHES)


@pytest.mark.parametrize("hanging", ["three", "integrators"], indirect=True)
def test_a_conversion_that_never_ends(hanging, tmp_path):
    hangs = [hang(HIDDEN[-1], "valid", 5), hang(READOUT[0], "valid", 7)]
    causes = ["hidden_conversion", "readout_conversion"]
    run_hanging(hanging, tmp_path, "top_driving.hanging_conversions", *hangs, causes=causes)


@pytest.fixture(scope="module")
def mutated(tmp_path_factory):
    """A design of many small tiles with all faults in it."""
    generated = generated_copy(TILED, tmp_path_factory.mktemp("mutated"))
    netlist = write_source("remora_faults.v", mutate(generated.netlist.read_text(encoding="utf-8"), FAULTS))
    modules = {fault.module for fault in FAULTS}
    wrapped = {each["path"] for each in generated.sidecar["instances"] if each["module"] in modules}
    return build_harness(generated, system_of(TILED).harness, netlist=netlist, wrapped=wrapped, optimise="build")


@pytest.mark.parametrize("number", range(len(FAULTS) + 1), ids=["sound", *(fault.name for fault in FAULTS)])
def test_every_fault_is_noticed(number, mutated, tmp_path):
    known, images = known_run(TILED, 3, tmp_path)
    arguments = [images, f"+{FAULT_PLUSARG}={number}"]

    def drive() -> None:
        run(
            mutated, "remora.tb.crossbar.top_driving", testcase="any_rows", config=known | {"stretches": STRETCHES[:1]},
            plusargs=arguments, run_dir=tmp_path,
        )  # fmt: skip

    if number == 0:
        drive()
    else:
        with pytest.raises(SimulationFailed, match=r"_tile_\d+, column \d+: code -?\d+, expected -?\d+"):
            drive()
