"""Parameter sets that the regression holds as a whole, and what it does with each: the data behind the table that
integrators read. Tests take their design points from here, so that the table says what runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remora.spec.lib.section import Design
from remora.spec.presets import load_design, preset_names

BASELINES = Path(__file__).parent / "baselines"
ROUTED = Path(__file__).parent / "fpga" / "baselines"
SIMULATORS = ("icarus", "verilator")


@dataclass(frozen=True)
class ParameterSet:
    """A preset with changes of its fields, whose testbench runs on both simulators.

    Attributes:
        name: the preset; after a comma, what is changed.
        changes: by section, as `Design.evolve` takes them.
        at_night: simulators on which the testbench runs in `make nightly` alone.
    """

    name: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    at_night: tuple[str, ...] = ()

    @property
    def design(self) -> Design:
        """The design point."""
        changes: dict[str, Any] = dict(self.changes)
        return load_design(self.name.partition(",")[0], Design).evolve(**changes)


LEARNS = {"enabled": True, "hidden_shift": 4, "readout_shift": 4, "replay_capacity": 4, "seed": 3}
SIMULATED = (
    ParameterSet("tiny"),
    ParameterSet("tiny, learning", {"learning": LEARNS}),
    ParameterSet(
        "tiny, every step",
        {
            "network": {"readout": "every"},
            "system": {"contexts": 2},
            "crossbar": {"macro_rows": 9, "macro_columns": 6, "spare_columns": 2},
        },
    ),
    ParameterSet("mnist", at_night=("verilator",)),
    ParameterSet("mnist-bmru", at_night=("verilator",)),
    ParameterSet("kws"),
)
"""Sets whose testbench, as `remora generate` writes it, passes in the regression."""
MAPPED_BY_DAY = ("tiny", "kws")
"""Presets that every run of the regression synthesises; the others are for the night."""
GATES_SIMULATED = ("tiny", "tiny, learning", "kws")
"""Sets whose mapped netlist the regression puts in the place of the Verilog, under the monitors
(`tests/flow/verify/test_gates.py`)."""
GATES_BY_DAY = ("tiny",)
"""Those of them of every run, also under the testbench (`tests/flow/signoff/test_gate_level.py`); the others are for
the night."""
EQUIVALENT = ("tiny", "tiny, learning", "kws")
"""Sets of which every block of the mapped netlist is proven to do what its Verilog does, at night
(`tests/flow/signoff/equivalence/test_compare.py`)."""


@dataclass(frozen=True)
class Verified:
    """What is known of one set.

    Attributes:
        simulators: on which its testbench passes; of these, ``at_night`` in `make nightly` alone.
        mhz, area: of the mapped netlist, from its stored figures, the area in mm²; None where it is not mapped.
        gates: its mapped netlist is simulated; ``equivalent``: and every block of it is proven.
        routed_mhz: on an FPGA after routing, from its stored figures; None where it is not routed.
    """

    name: str
    hash: str
    simulators: tuple[str, ...]
    at_night: tuple[str, ...]
    mhz: float | None
    area: float | None
    gates: bool
    equivalent: bool
    routed_mhz: float | None


def verified_sets() -> list[Verified]:
    """Every set that is simulated, mapped or routed: presets in their order, each with its variants behind it."""
    simulated = {each.name: each for each in SIMULATED}
    mapped, routed = _metrics(BASELINES), _metrics(ROUTED)
    names = sorted(
        simulated.keys() | mapped.keys() | routed.keys(),
        key=lambda name: (preset_names().index(name.partition(",")[0]), name),
    )
    found = []
    for name in names:
        run = simulated.get(name)
        design = run.design if run else load_design(name, Design)
        figures = mapped.get(name)
        found.append(
            Verified(
                name,
                design.hash,
                SIMULATORS if run else (),
                run.at_night if run else (),
                figures["mhz"]["value"] if figures else None,
                figures["area_um2"]["value"] / 1e6 if figures else None,
                name in GATES_SIMULATED,
                name in EQUIVALENT,
                routed[name]["mhz"]["value"] if name in routed else None,
            )
        )
    return found


def _metrics(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Stored figures by set, each with its value and tolerance."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))["metrics"] for path in folder.glob("*.json")}
