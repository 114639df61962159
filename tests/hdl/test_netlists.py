"""The Verilog of every preset is the one that `netlists.json` states, so that a change to it is never an accident.

Where a change is intended, `python -m tests.hdl.test_netlists`, run in the root of the checkout, writes the file anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from remora.hdl.bmru.top import BmruRemora
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.verilog import TOP_NAME, to_verilog
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.files import write_text
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, preset_names
from tests.support import generated_once

STATED = Path(__file__).with_name("netlists.json")


def design_points() -> dict[str, Design]:
    """Every preset, and one that learns and replays."""
    designs: dict[str, Design] = {name: load_design(name, Design) for name in preset_names()}
    learns = load_design("tiny", DesignPoint).evolve(
        name="tiny-learning", learning={"enabled": True, "replay_capacity": 100}
    )
    return designs | {"tiny-learning": learns}


def fingerprint(design: Design) -> dict[str, str]:
    """The hash of the design point, and the SHA-256 of its Verilog."""
    top = BmruRemora(design) if isinstance(design, BmruDesign) else Remora(design)
    return {"design": design.hash, "verilog": hashlib.sha256(to_verilog(top, TOP_NAME).encode()).hexdigest()}


def stated() -> dict[str, dict[str, str]]:
    """What `netlists.json` says of every design point."""
    return json.loads(STATED.read_text(encoding="utf-8"))


def test_every_design_point_is_stated():
    assert list(stated()) == list(design_points())


@pytest.mark.parametrize("name", design_points())
def test_the_verilog_is_the_stated_one(name):
    """As `remora generate` writes it."""
    design = design_points()[name]
    found = hashlib.sha256(generated_once(design).netlist.read_bytes()).hexdigest()
    assert {"design": design.hash, "verilog": found} == stated()[name]


if __name__ == "__main__":
    found = {name: fingerprint(design) for name, design in design_points().items()}
    write_text(STATED, json.dumps(found, indent=1) + "\n")
