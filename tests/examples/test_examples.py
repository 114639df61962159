"""The examples run as they stand, and the public names are those that they and the command line use."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import remora
from remora.flow.systems import api
from remora.flow.systems.bmru.networks import bundled_network
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
SAID = {
    "generate_verilog": r"wide \([0-9a-f]{16}\): out/rtl/remora\.v\n83 registers, 10 crossbar tiles",
    "train_and_infer": r"accuracy after 2 passes: \d+\.\d%\nclasses of 4 sequences of 9 steps: \[\d(, \d){3}\]",
    "import_network": r"classes of 4 sequences of 9 steps: \[\d(, \d){3}\]\n(.*\n)*[\d,]{5,} values compared, 0 differ",
    "import_pytorch": r"decides as the float network: \d+\.\d%\n(.*\n)*[\d,]{5,} values compared, 0 differ",
    "simulate_design": r"[\d,]{5,} values in 36 steps compared, 0 differ",
}


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_example_runs(script, tmp_path):
    if script.stem == "import_pytorch":
        pytest.importorskip("torch", reason="this example needs PyTorch: pip install 'remora[torch]'")
    done = run(str(script), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(SAID[script.stem], done.stdout), done.stdout


def test_every_example_has_its_words():
    assert {script.stem for script in SCRIPTS} == SAID.keys()


# Public names ---------------------------------------------------------------------------------------------------------
def test_importing_remora_loads_nothing(tmp_path):
    script = (
        "import sys, remora; print(*[name for name in sys.modules if name.startswith('remora.') or name == 'numpy'])"
    )
    done = run("-c", script, folder=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, [])


def test_every_public_name_is_documented_and_typed():
    assert {*remora.__all__} == {*api.__all__, "Design"} and {*remora.__all__} <= {*dir(remora)}
    for name in api.__all__:
        function = getattr(remora, name)
        assert function is getattr(api, name) and len(inspect.getdoc(function)) > 20
        signature = inspect.signature(function)
        annotations = [signature.return_annotation, *(each.annotation for each in signature.parameters.values())]
        assert inspect.Signature.empty not in annotations, name
    with pytest.raises(AttributeError, match="module 'remora' has no attribute 'lode_design'"):
        remora.lode_design  # noqa: B018


def test_design_points_of_every_system_are_read():
    assert remora.Design is Design and {"crossbar", "bmru"} <= remora.systems().keys()
    assert {remora.load_design(name).CORE for name in ("tiny", "kws")} == {"crossbar", "bmru"}
    assert remora.load_design("tiny", DesignPoint).network.hidden == 7
    with pytest.raises(RemoraError, match='\'kws\' is a design point with core = "bmru", .* core = "crossbar"'):
        remora.load_design("kws", DesignPoint)


def test_an_option_that_is_not_there_is_refused():
    with pytest.raises(RemoraError, match="passes: no option of simulate for crossbar accelerators; it has .*limit"):
        remora.simulate(remora.load_design("tiny"), passes=3)
    with pytest.raises(RemoraError, match="learn: no option of simulate for BMRU accelerators"):
        remora.simulate(remora.load_design("kws"), learn=True)


def test_a_network_is_kept_as_it_is(tmp_path):
    design = remora.load_design("tiny")
    remora.train(design, data="synthetic", passes=1, limit=20, output=tmp_path / "one.npz")
    network = remora.load_checkpoint(tmp_path / "one.npz", design)
    remora.save_checkpoint(tmp_path / "other.npz", design, network)
    again = remora.load_checkpoint(tmp_path / "other.npz", design)
    assert (again.weights.hidden == network.weights.hidden).all() and again.metadata == network.metadata


def test_weights_of_another_program_become_a_network(tmp_path):
    """What a BMRU network holds comes back whole; sizes of another design point and unknown arrays are refused."""
    design, kws = remora.load_design("tiny"), remora.load_design("kws")
    arrays = bundled_network(kws).arrays()
    network = remora.import_weights(kws, arrays, {"from": "elsewhere"})
    assert network.metadata == {"from": "elsewhere"}
    assert all((network.arrays()[name] == array).all() for name, array in arrays.items())
    remora.save_checkpoint(tmp_path / "network.npz", kws, network)
    again = remora.load_checkpoint(tmp_path / "network.npz", kws).arrays()
    assert all((again[name] == array).all() for name, array in arrays.items()) and again.keys() == arrays.keys()
    with pytest.raises(RemoraError, match="network.width is 4 there, 16 here"):
        remora.import_weights(remora.load_design("kws16"), arrays)
    with pytest.raises(RemoraError, match=r"input\.bias holds no real numbers"):
        remora.import_weights(kws, arrays | {"input.bias": ["a"] * 4})
    with pytest.raises(RemoraError, match=r"blocks\.0\.first\.bias.*: no array of 'tiny'"):
        remora.import_weights(design, arrays)
