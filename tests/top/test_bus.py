"""The AXI4-Lite bus of whole designs under a master that uses every freedom of the protocol."""

from __future__ import annotations

import numpy as np

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import run
from remora.golden.bmru.random_codes import random_codes
from remora.golden.crossbar.weights import initial_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.top.bmru.test_bmru import DESIGNS as BMRU
from tests.top.crossbar.test_checkpoint import DESIGNS as LEARNERS

ROUNDS, RESETS = 32, 16


def test_a_crossbar_that_learns(harness, tmp_path):
    design = LEARNERS["accumulate"]
    _, build = harness(design)
    write_images(design, initial_weights(design), tmp_path / "images")
    config = {"design": design.model_dump(mode="json"), "rounds": ROUNDS, "resets": RESETS}
    arguments = [f"+remora_images={tmp_path / 'images'}"]
    run(build, "remora.tb.top_bus", testcase="crossbar", config=config, plusargs=arguments)


def test_a_crossbar_that_infers(harness, tmp_path):
    design = load_design("tiny", DesignPoint)
    _, build = harness(design)
    write_images(design, initial_weights(design), tmp_path / "images")
    config = {"design": design.model_dump(mode="json"), "rounds": ROUNDS}
    arguments = [f"+remora_images={tmp_path / 'images'}"]
    run(build, "remora.tb.top_bus", testcase="quiet", config=config, plusargs=arguments)


def test_the_bmru_controller(harness):
    design = BMRU["odd"]
    _, build = harness(design)
    chain = "".join(str(int(bit)) for bit in np.asarray(random_codes(design, 2).chain()))
    config = {"design": design.model_dump(mode="json"), "rounds": ROUNDS, "resets": RESETS, "chain": chain}
    run(build, "remora.tb.top_bus", testcase="bmru", config=config)
