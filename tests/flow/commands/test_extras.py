"""Extras: what generating and the golden model may import, and one clear line where an extra is missing."""

from __future__ import annotations

import importlib.metadata as metadata
import json
import subprocess
import sys
from collections.abc import Iterable

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from remora.spec.lib.extras import EXTRAS, MissingExtra, require_extra

RUN = """
import json, sys
blocked = set(json.loads(sys.argv.pop(1)))
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Without, sys.meta_path)
from remora.flow.cli import main
main(sys.argv[1:])
"""
"""A command line in a process in which some top-level modules are not to be found."""


def requirements(distribution: str, extra: str = "") -> list[Requirement]:
    """Direct requirements of an installed distribution with one of its extras on this machine."""
    found = [Requirement(text) for text in metadata.requires(distribution) or ()]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]


def closure(wanted: Iterable[Requirement]) -> set[str]:
    """Canonical names of everything that ``wanted`` installs."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    left = [(one.name, extra) for one in wanted for extra in ("", *one.extras)]
    while left:
        name, extra = left.pop()
        if (canonicalize_name(name), extra) in seen:
            continue
        seen.add((canonicalize_name(name), extra))
        found.add(canonicalize_name(name))
        left += [(one.name, more) for one in requirements(name, extra) for more in ("", *one.extras)]
    return found


def modules_beyond(*kept: str) -> list[str]:
    """Top-level modules of every installed distribution that Remora with the extras ``kept`` does not bring."""
    needed = closure(one for extra in ("", *kept) for one in requirements("remora", extra)) | {"remora"}
    return sorted(
        module
        for module, distributions in metadata.packages_distributions().items()
        if not needed & {canonicalize_name(name) for name in distributions} and module not in sys.stdlib_module_names
    )


@pytest.fixture(scope="module")
def beyond_base() -> list[str]:
    """Top-level modules that a plain ``pip install remora`` does not bring."""
    modules = modules_beyond()
    assert {"cocotb", "cocotb_bus", "librosa", "soundfile", "matplotlib", "distributed", "scipy", "pytest"} <= set(
        modules
    )
    assert not {"amaranth", "numpy", "pydantic", "typer", "systemrdl"} & set(modules)
    return modules


def run(blocked: list[str], *arguments: object, cwd) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", RUN, json.dumps(blocked), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "tiny", "-o", "out"),
        ("generate", "kws", "-o", "out"),
        ("train", "tiny", "--data", "synthetic", "--limit", "20", "--passes", "1", "-o", "tiny.npz"),
        ("config", "show", "mnist"),
        ("presets",),
    ],
    ids=" ".join,
)
def test_generation_and_golden_need_no_extra(arguments, beyond_base, tmp_path):
    done = run(beyond_base, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "extra", "module"),
    [
        (("simulate", "tiny"), "sim", "cocotb"),
        (("faults", "tiny"), "sim", "cocotb"),
        (("bench", "tiny"), "sim", "cocotb"),
        (("synth", "tiny"), "signoff", "pyosys"),
        (("prove",), "signoff,prove", "pyosys"),
        (("equivalence", "tiny"), "signoff", "pyosys"),
        (("demo",), "sim", "cocotb"),
        (("experiment", "bit-streaming", "--quick"), "plot,sweep", "matplotlib"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_missing_extra_is_one_line_before_anything_is_done(arguments, extra, module, beyond_base, tmp_path):
    done = run(beyond_base, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: remora {arguments[0]} needs {module}") and done.stderr.count("\n") == 1
    assert done.stderr.endswith(f": pip install 'remora[{extra}]'\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_module_of_an_extra_is_brought_by_it(extra):
    brought = closure(requirements("remora", extra)) - closure(requirements("remora"))
    distributions = metadata.packages_distributions()
    for module in EXTRAS[extra]:
        owners = {canonicalize_name(name) for name in distributions[module.partition(".")[0]]}
        assert owners & brought, f"{module} is of {owners}, which remora[{extra}] does not bring"


def test_what_make_installs_holds_every_extra():
    everything = closure(requirements("remora", "all"))
    # PyTorch is as large as all others together, and only an example asks for it.
    extras = set(metadata.metadata("remora").get_all("Provides-Extra")) - {"all", "torch"}
    assert {*EXTRAS, "test"} <= extras
    for extra in extras:
        assert closure(requirements("remora", extra)) <= everything, extra


def test_the_line_names_what_needs_it_and_the_command(monkeypatch):
    require_extra("a test", *EXTRAS)
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"^a test needs librosa, matplotlib: pip install 'remora\[audio,plot\]'$"):
        require_extra("a test", "sim", "audio", "plot")


def test_sound_and_charts_say_what_they_need(monkeypatch, tmp_path):
    import numpy as np

    from remora.flow.report.figures import Chart
    from remora.golden.data.mfcc import at_speed, mfcc
    from remora.golden.data.sound import read_audio

    for module in ("librosa", "soundfile", "matplotlib"):
        monkeypatch.setitem(sys.modules, module, None)
    sound = np.zeros(16000, np.float32)
    for call in (lambda: mfcc(sound), lambda: at_speed(sound, 1.1), lambda: read_audio(tmp_path / "a.wav")):
        with pytest.raises(MissingExtra, match=r"needs librosa, soundfile: pip install 'remora\[audio\]'$"):
            call()
    with pytest.raises(MissingExtra, match=r"^drawing charts needs matplotlib: pip install 'remora\[plot\]'$"):
        Chart([]).figure()
