"""The choice of the kernel that golden learns with: one place, a word where numpy stands in, one compilation."""

from __future__ import annotations

import multiprocessing
import shutil
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from remora.flow import cli
from remora.flow.experiments.learners import ChipLearner
from remora.flow.systems.crossbar import learning_kernel
from remora.flow.systems.crossbar.learning_kernel import KernelError, compile_kernel
from remora.flow.systems.crossbar.learning_kernel import learning_kernel as choose
from remora.flow.systems.crossbar.train import train_network
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import load
from remora.golden.learning.kernel.compiled import CompiledKernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import MakeKernel
from remora.golden.learning.kernel.update_rules.registry import GROUP as KERNEL_GROUP
from remora.golden.learning.update_rules.registry import UPDATE_RULES as OF_GOLDEN
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.update_rules.registry import GOLDEN_GROUP, GROUP, HDL_GROUP, UPDATE_RULES
from remora.spec.lib import plugins
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)
THIRD = SimpleNamespace(
    number=2, accumulates=True, draws=False,
    faults=UPDATE_RULES["accumulate"].faults, legal_level=UPDATE_RULES["accumulate"].legal_level,
)  # fmt: skip
COMPILER = """#!/bin/sh
case "$*" in
  --version) echo "c++ pretended 1"; exit ;;
  *" -E "*) echo "#define PRETENDED 1"; exit ;;
esac
echo run >> "$PRETENDED_LOG"
sleep 0.3
while [ "$1" != -o ]; do shift; done
echo whole > "$2"
"""


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Every test is told its word anew; the default is no variable."""
    monkeypatch.delenv(learning_kernel.VARIABLE, raising=False)
    learning_kernel.say_numpy.cache_clear()
    yield
    learning_kernel.say_numpy.cache_clear()


def pretend(folder: Path, monkeypatch) -> Path:
    """Put a compiler on PATH that takes its time and writes a word; its log."""
    (folder / "bin").mkdir()
    compiler, log = folder / "bin" / "c++", folder / "log"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:/usr/bin:/bin")
    monkeypatch.setenv("PRETENDED_LOG", str(log))
    monkeypatch.setenv("REMORA_SIM_BUILD", str(folder / "builds"))
    return log


def made_by(make: MakeKernel, design: DesignPoint = TINY) -> type:
    return type(make(design, initial_weights(design), Coefficients.of(design), None))


@pytest.mark.parametrize(
    ("name", "kernel"), [(None, CompiledKernel), ("compiled", CompiledKernel), ("numpy", NumpyKernel)]
)
def test_argument_variable_and_default_choose(monkeypatch, capsys, name, kernel):
    assert made_by(choose(name)) is kernel
    if name:
        monkeypatch.setenv(learning_kernel.VARIABLE, name)
        assert made_by(choose()) is kernel
        assert made_by(choose("numpy")) is NumpyKernel, "the argument wins"
    assert capsys.readouterr() == ("", "")


def test_every_training_follows_the_choice(monkeypatch):
    """Both kernels train the same network, and each is the one that was asked for."""
    made, checkpoints = [], []
    for kernel in (NumpyKernel, CompiledKernel):
        initial = kernel.__init__
        monkeypatch.setattr(
            kernel, "__init__", lambda self, *rest, initial=initial: (made.append(type(self)), initial(self, *rest))[0]
        )
    training, test = load(TINY, "synthetic", train=40, test=10)
    for name, kernel in (("numpy", NumpyKernel), ("compiled", CompiledKernel)):
        monkeypatch.setenv(learning_kernel.VARIABLE, name)
        made.clear()
        checkpoints.append(train_network(TINY, training, test, 2))
        ChipLearner(TINY, initial_weights(TINY))
        assert made == [kernel, kernel]
    first, second = checkpoints
    np.testing.assert_array_equal(first.weights.hidden, second.weights.hidden)
    np.testing.assert_array_equal(first.hidden_accumulators, second.hidden_accumulators)
    assert first.metadata == second.metadata and first.metadata["passes"][1]["pulses_applied"] > 0


def test_without_a_compiler_numpy_learns_and_that_is_said_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose() is choose() is NumpyKernel
    said = capsys.readouterr().err
    assert said.count("note: learning runs in numpy") == 1 and "no C++ compiler" in said and "apt install g++" in said
    with pytest.raises(KernelError, match="cannot be compiled: no C.. compiler.*REMORA_KERNEL=numpy needs no compiler"):
        choose("compiled")


def test_a_source_that_does_not_compile_is_named(monkeypatch, tmp_path, capsys):
    broken = tmp_path / "kernel.cpp"
    broken.write_text("int main( {\n")
    monkeypatch.setattr(learning_kernel, "SOURCE", broken)
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path / "builds"))
    assert choose() is NumpyKernel
    assert f"'c++' fails: {broken}:1" in "".join(capsys.readouterr().err.splitlines())
    assert not list((tmp_path / "builds").rglob("*.so*"))
    with pytest.raises(KernelError, match="'c..' fails"):
        choose("compiled")


def test_a_library_of_something_else_is_no_kernel(monkeypatch, tmp_path, capsys):
    pretend(tmp_path, monkeypatch)
    assert choose() is NumpyKernel and "note: learning runs in numpy" in capsys.readouterr().err


@pytest.fixture
def registered(monkeypatch):
    """Registers the rule `third`, which golden and hardware carry out as `accumulate`, with a header or none; a design
    point that has it."""

    def register(header: Path | None) -> DesignPoint:
        members = {GOLDEN_GROUP: OF_GOLDEN["accumulate"], GROUP: THIRD, HDL_GROUP: None, KERNEL_GROUP: header}
        if header is None:
            del members[KERNEL_GROUP]
        point = {group: (EntryPoint("third", "none:X", group),) for group in members}
        monkeypatch.setattr(plugins, "_points", lambda group: point.get(group, ()))
        monkeypatch.setattr(
            plugins,
            "_installed",
            lambda group: tuple((each.name, "a-third", members[group]) for each in point.get(group, ())),
        )
        return TINY.evolve(learning={"update": "third"})

    return register


def test_a_rule_without_a_header_learns_in_numpy(registered, capsys):
    design = registered(None)
    make = choose()
    assert made_by(make) is CompiledKernel and capsys.readouterr().err == ""
    assert made_by(make, design) is NumpyKernel
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "note: learning runs in numpy" in said
        and "rule 'third' of the update: " in said
        and "register a header" in said
    )
    assert made_by(make, design) is NumpyKernel and capsys.readouterr().err == "", "said once"
    make = choose("compiled")
    assert made_by(make) is CompiledKernel
    with pytest.raises(
        KernelError, match="learning cannot be compiled: rule 'third' of the update: .* register a header"
    ):
        made_by(make, design)


def test_a_header_that_does_not_compile_slows_its_own_rule_alone(registered, tmp_path, capsys):
    broken = tmp_path / "third.h"
    broken.write_text("#error broken\n")
    before = compile_kernel()
    design = registered(broken)
    assert compile_kernel() == before and made_by(choose()) is CompiledKernel and capsys.readouterr().err == ""
    assert made_by(choose(), design) is NumpyKernel
    said = "".join(capsys.readouterr().err.split())
    assert "rule'third'oftheupdate:'c++'fails" in said and "broken" in said
    registered(tmp_path / "gone.h")
    assert made_by(choose(), design) is NumpyKernel and "gone.h" in "".join(capsys.readouterr().err.split())


def test_a_rule_with_a_header_has_a_library_of_its_own(registered, monkeypatch, tmp_path):
    log = pretend(tmp_path, monkeypatch)
    header = tmp_path / "third.h"
    header.write_text("// one\n")
    registered(header)
    found = [compile_kernel(), compile_kernel("third"), compile_kernel("third"), compile_kernel("direct")]
    header.write_text("// two\n")
    found.append(compile_kernel("third"))
    assert found[0] == found[3] and found[1] == found[2] and len({*found}) == 3 and log.read_text() == 3 * "run\n"


def test_an_unknown_name_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv(learning_kernel.VARIABLE, "fast")
    arguments = ["train", "tiny", "--data", "synthetic", "--limit", "9", "-o", str(tmp_path / "a.npz")]
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2 and not (tmp_path / "a.npz").exists()
    said = " ".join(capsys.readouterr().err.split())
    assert "REMORA_KERNEL is 'fast'; it must be one of 'auto'" in said and "'compiled'" in said and "'numpy'" in said


def test_several_processes_compile_once(monkeypatch, tmp_path):
    log = pretend(tmp_path, monkeypatch)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found = {call.get(60) for call in [pool.apply_async(compile_kernel) for _ in range(3)]}
    (library,) = found
    assert library.read_text() == "whole\n" and log.read_text() == "run\n"
    assert [path.name for path in library.parent.iterdir() if path.suffix != ".lock"] == ["kernel.so"]


def test_source_options_compiler_and_processor_make_another_library(monkeypatch, tmp_path):
    log = pretend(tmp_path, monkeypatch)
    found = [compile_kernel(), compile_kernel()]
    assert found[0] == found[1] and log.read_text() == "run\n"
    other = tmp_path / "other.cpp"
    other.write_text("// other\n")
    with monkeypatch.context() as patch:
        patch.setattr(learning_kernel, "SOURCE", other)
        found.append(compile_kernel())
    with monkeypatch.context() as patch:
        patch.setattr(learning_kernel, "OPTIONS", (*learning_kernel.OPTIONS, "-g"))
        found.append(compile_kernel())
    compiler = Path(shutil.which("c++"))
    for old, new in (("PRETENDED 1", "PRETENDED 2"), ("c++ pretended 1", "c++ pretended 2")):
        compiler.write_text(compiler.read_text().replace(old, new))
        found.append(compile_kernel())
    assert len(set(found)) == 5 and log.read_text() == 5 * "run\n"
