"""`remora prove`: the proofs of every run of continuous integration, and what the command says."""

from __future__ import annotations

import json

import pytest

from remora.flow.signoff.prove.catalogue import find_proofs


def test_the_quick_proofs_hold(remora, tmp_path):
    answer = remora("prove", "--quick", "--json", str(tmp_path / "prove.json"))
    assert answer.code == 0, answer.out + answer.err
    result = json.loads((tmp_path / "prove.json").read_text(encoding="utf-8"))
    print(f"{result['properties']} properties in {result['seconds']} s")
    assert [each["name"] for each in result["proofs"]] == [each.name for each in find_proofs(quick=True)]
    assert result["properties"] == result["proven"] + result["bounded"] == result["covers_reached"] > 0
    assert result["failed"] == 0 and result["broken"] == [] and result["commit"] and result["command"]


@pytest.mark.nightly
def test_all_proofs_hold(remora, tmp_path):
    answer = remora("prove", "--json", str(tmp_path / "prove.json"))
    assert answer.code == 0, answer.out + answer.err
    result = json.loads((tmp_path / "prove.json").read_text(encoding="utf-8"))
    assert result["bounded"] <= result["properties"] / 10 and result["proven"] >= 0.9 * result["properties"]


def test_a_list_names_every_proof(remora):
    answer = remora("prove", "--list")
    assert answer.code == 0 and all(each.name in answer.out for each in find_proofs())


def test_a_proof_that_is_not_there_is_one_line(remora):
    answer = remora("prove", "nothing")
    assert answer.code == 2 and answer.err.startswith("error: there is no proof 'nothing'; there are ")
