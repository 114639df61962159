"""`remora synth`: what is missing is one line, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from remora.flow.tools import opensta


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("sta", "no OpenSTA: there is no command 'sta' on PATH; on Debian or Ubuntu: sudo apt install opensta"),
        (
            "cells",
            "no standard cells: there is no /nowhere/cells.lib; on Debian or Ubuntu: sudo apt install",
        ),
    ],
)
def test_what_is_missing_is_one_line(remora, monkeypatch, tmp_path, missing, message):
    cells = tmp_path / "cells.lib"
    cells.write_text("library (cells) {}\n")
    monkeypatch.setattr(opensta, "CELLS", Path("/nowhere/cells.lib") if missing == "cells" else cells)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = remora("synth", "tiny", "-o", tmp_path / "out", "--json", tmp_path / "tiny.json")
    assert done.code == 2 and done.err.startswith(f"error: {message}") and done.err.count("\n") == 1
    assert not (tmp_path / "out").exists() and not (tmp_path / "tiny.json").exists()


def test_a_baseline_that_is_the_result_is_refused(remora, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text("{}")
    done = remora("synth", "tiny", "--baseline", path, "--store", path)
    assert done.code == 2 and "the command line names it twice" in done.err
