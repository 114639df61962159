"""`remora import` from a file to a checkpoint, with its report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import remora
from remora.flow.cli import main
from remora.flow.systems.bmru.networks import bundled_network
from remora.spec.lib.errors import RemoraError

RANDOM = np.random.default_rng(5)
MIRU = {
    "cell.weight_ih": RANDOM.normal(0, 0.7, (7, 5)), "cell.weight_hh": RANDOM.normal(0, 0.4, (7, 7)),
    "cell.beta": np.array(0.75), "cell.lambda": np.array(0.5), "fc.weight": RANDOM.normal(0, 4, (3, 7)),
}  # fmt: skip


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["import", *map(str, arguments)])
    return ended.value.code


def test_a_miru_becomes_a_checkpoint_with_a_report(tmp_path, capsys):
    save_file(MIRU, tmp_path / "net.safetensors")
    out, report = tmp_path / "out.npz", tmp_path / "report.json"
    arguments = ("--data", "synthetic", "-o", out, "--json", report, "--fine-tune", 1, "--calibrate", 100)
    assert command(tmp_path / "net.safetensors", "tiny", *arguments) == 0
    found, printed = json.loads(report.read_text()), capsys.readouterr().out
    assert "readout scaled by" in printed and "within a step" in printed
    assert (found["kind"], found["test_sequences"], found["calibration"]["sequences"]) == ("MiRU", 300, 100)
    stages = ["nearest levels", "readout scaled", "calibrated", "fine-tuned"]
    assert list(found["stages"]) == stages and len(found["fine_tuning"]) == 2
    assert found["stages"]["calibrated"]["agreement"] > 0.9
    assert found["layers"].keys() == {"hidden", "readout"} and found["layers"]["hidden"]["correlation"] > 0.98
    design = remora.load_design("tiny")
    network = remora.load_checkpoint(out, design)
    assert network.metadata["imported"]["file"] == "net.safetensors"
    assert (network.coefficients.reset, network.coefficients.update) == (192, 128)


def test_other_cells_and_sizes_are_refused_in_one_line(tmp_path, capsys):
    np.savez(tmp_path / "net.npz", **MIRU)
    np.savez(tmp_path / "gru.npz", **{"weight_ih": np.ones((21, 5)), "weight_hh": np.ones((21, 7))})
    for file, config, said in (
        ("net.npz", "mnist", "input has shape (5, 7)"),
        ("net.npz", "mnist-bmru", "has bistable cells"),
        ("net.npz", "kws", "the arrays of a BMRU network"),
        ("gru.npz", "tiny", "so it is of the kind GRU"),
        ("none.npz", "tiny", "is no file"),
    ):
        assert command(tmp_path / file, config, "-o", tmp_path / "out.npz") == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and said in error and error.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()


def test_bistable_cells_at_the_bitlines(tmp_path):
    sizes = remora.load_design("mnist-bmru").network
    arrays = {"w.weight_ih": RANDOM.normal(0, 1, (sizes.hidden, sizes.features)), "w.bias": np.full(sizes.hidden, 0.4)}
    arrays |= {"w.low": np.full(sizes.hidden, 0.3), "w.high": np.full(sizes.hidden, 0.6)}
    np.savez(tmp_path / "net.npz", **arrays, head=RANDOM.normal(0, 1, (sizes.classes, sizes.hidden)))
    design = remora.load_design("mnist-bmru")
    found = remora.import_file(design, tmp_path / "net.npz", output=tmp_path / "out.npz", data="synthetic")
    assert found["kind"] == "bistable cells" and found["agreement"] > 0.75
    assert found["layers"]["hidden"]["within_a_step"] > 0.97
    with pytest.raises(RemoraError, match="is no file"):
        remora.import_file(design, tmp_path / "none.npz")


def test_the_bundled_spotter_comes_back(tmp_path):
    kws = remora.load_design("kws")
    arrays = {name: np.ascontiguousarray(array) for name, array in bundled_network(kws).arrays().items()}
    save_file(arrays, tmp_path / "net.safetensors")
    found = remora.import_file(kws, tmp_path / "net.safetensors", output=tmp_path / "out.npz")
    assert found["agreement"] > 0.9 and found["layers"].keys() == {"blocks.0", "blocks.1"}
    again = remora.load_checkpoint(tmp_path / "out.npz", kws).arrays()
    assert all((again[name] == array).all() for name, array in arrays.items())
