"""`remora equivalence`: what is missing is one line, and a design is proven block by block."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remora.flow.tools import opensta


def test_missing_cells_are_one_line(remora, monkeypatch, tmp_path):
    monkeypatch.setattr(opensta, "CELLS", Path("/nowhere/cells.lib"))
    done = remora("equivalence", "tiny", "--json", tmp_path / "tiny.json")
    assert done.code == 2 and done.err.startswith("error: no standard cells: there is no /nowhere/cells.lib")
    assert done.err.count("\n") == 1 and not (tmp_path / "tiny.json").exists()


@pytest.mark.nightly
def test_every_block_has_a_row(remora, cells, tmp_path):
    done = remora("equivalence", "kws", "--json", tmp_path / "kws.json")
    assert done.code == 0, done.out + done.err
    result = json.loads((tmp_path / "kws.json").read_text())
    assert result["proven"] == len(result["blocks"]) > 10 and result["differs"] == result["undecided"] == 0
    assert all(block["block"] in done.out for block in result["blocks"])
