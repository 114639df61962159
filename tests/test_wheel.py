"""The wheel: everything under `remora`, and a whole run of it in an empty environment in an empty folder.

The empty environment has the wheel and the dependencies of this one, not its checkout: their folder is appended to its
path, where `.pth` files, such as that of the editable installation, are not read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from remora.flow.tools.build import build_root

ROOT = Path(__file__).parents[1]


def run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """A command without any trace of the checkout in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "REMORA", "COCOTB"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of what git would take, so that no product of this checkout is in it."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, listed):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            (source / name).symlink_to((ROOT / name).readlink())
        elif (ROOT / name).is_file():
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", folder, source, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """Python of an environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_one_name_stands_at_the_top(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"remora"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("remora/tests/")]
    for needed in ("py.typed", "spec/presets/tiny.toml", "hdl/macros/remora_crossbar.sv", "data/mnist/LICENSE.md"):
        assert f"remora/{needed}" in names


def test_nothing_is_imported_from_the_checkout(python, tmp_path):
    script = "import remora.flow.cli, sys; print(remora.__file__); print(*sys.path, sep='\\n')"
    where, *path = run(python, "-c", script, cwd=tmp_path).stdout.splitlines()
    assert Path(where).is_relative_to(python.parents[1])
    assert str(ROOT) not in path


def test_the_quick_demonstration_passes_in_an_empty_folder(python, tmp_path):
    # Verilator's run-time library is the same; compiling it again takes longer than all else.
    (shared := build_root() / "runtime").mkdir(parents=True, exist_ok=True)
    (tmp_path / "sim_build").mkdir()
    (tmp_path / "sim_build" / "runtime").symlink_to(shared)
    done = run(python.with_name("remora"), "demo", "--quick", cwd=tmp_path)
    assert "PASS: the generated hardware read" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"build", "sim_build"}
    assert (tmp_path / "build" / "result.json").is_file()
