"""The file of explained survivors."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutants.recipe import ROOT
from remora.flow.faults.mutants.survivors import read_survivors, stale
from remora.spec.lib.errors import RemoraError
from tests.hdl.mutated_blocks import BLOCKS
from tests.hdl.mutated_wholes import TESTS_OF


def test_reasons_by_block(tmp_path):
    path = tmp_path / "survivors.toml"
    assert read_survivors(path) == {}
    path.write_text('[vote]\n0123456789ab = "no packet is so long"\n', encoding="utf-8")
    assert read_survivors(path) == {"vote": {"0123456789ab": "no packet is so long"}}


@pytest.mark.parametrize(
    ("text", "error"),
    {
        "no_toml": ("[vote", "this is no TOML"),
        "no_table": ('vote = "because"', "'vote' must be a table"),
        "no_key": ('[vote]\n012 = "because"', "a mutant is twelve hexadecimal digits"),
        "empty": ('[vote]\n0123456789ab = " "', "say in one line"),
        "lines": ('[vote]\n0123456789ab = "one\\ntwo"', "say in one line"),
        "no_text": ("[vote]\n0123456789ab = 3", "say in one line"),
    }.values(),
)
def test_malformed_entries_are_named(tmp_path, text, error):
    path = tmp_path / "survivors.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RemoraError, match=error):
        read_survivors(path)


def test_stale_reasons():
    assert stale({"a": "", "b": ""}, {"b", "c"}) == ["a"]


def test_the_projects_own_file_names_known_blocks():
    assert read_survivors(ROOT / "tests" / "hdl" / "survivors.toml").keys() <= BLOCKS.keys() | TESTS_OF.keys()
