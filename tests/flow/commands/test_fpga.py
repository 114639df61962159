"""`remora fpga`: what it refuses, before anything is done."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("kws", "a BMRU accelerator has macros of which there is no digital body"),
        ("mnist-bmru", 'cell.kind = "bmru": no digital crossbar has currents at its bitlines'),
    ],
)
def test_what_an_fpga_lacks_is_one_line(remora, tmp_path, config, message):
    done = remora("fpga", config, "-o", tmp_path / "out", "--json", tmp_path / "out.json")
    assert done.code == 2 and done.err.startswith(f"error: {message}") and done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--baseline", "--store"])
def test_figures_after_routing_need_a_route(remora, tmp_path, option):
    done = remora("fpga", "tiny", "--synthesis-only", option, tmp_path / "tiny.json")
    assert done.code == 2 and done.err.startswith("error: --baseline and --store are about figures after routing")
    assert not list(tmp_path.iterdir())
