"""What a simulation leaves: whole, in the folder that was asked for, and nobody else's files are touched."""

from __future__ import annotations

import errno
import json
import signal
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from remora.flow.generate.directory import write_directory
from remora.flow.systems.crossbar.generate import crossbar_parts
from remora.flow.systems.registry import generate
from remora.flow.tools.children import Ended
from remora.flow.tools.result_folder import FolderError
from remora.flow.tools.simulator import SimulationFailed, SimulatorError, build, build_root, run
from remora.flow.verify import simulation
from remora.flow.verify.simulation import RUN_MANIFEST, check_kept, generate_for, held_for, run_directory
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text
from remora.spec.lib.trace import write_header
from remora.spec.presets import load_design
from tests.flow.tools.test_result_folder import content
from tests.flow.tools.test_simulator import PROBE, PROBE_TESTS

ENDS = {
    "terminated": lambda: Ended(signal.SIGTERM),
    "interrupted": KeyboardInterrupt,
    "full": lambda: OSError(errno.ENOSPC, "No space left on device"),
}


def leave(keep: Path | None, **files: str) -> Path:
    """A run that leaves the files ``files``; returns where it wrote them."""
    with run_directory("x", keep) as directory:
        write_header(directory, load_design("tiny", DesignPoint))
        for name, text in files.items():
            write_text(directory / name, text)
    return directory


def kept(keep: Path) -> dict[str, str]:
    return {name: text for name, text in content(keep).items() if name not in (RUN_MANIFEST, "header.json")}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("there", [True, False])
def test_a_run_that_is_interrupted_leaves_what_was_there(tmp_path, end, there):
    keep, error = tmp_path / "keep", ENDS[end]()
    if there:
        leave(keep, log="1", trace="1")
        (keep / "notes.txt").write_text("mine")
    before = content(keep)
    with pytest.raises(type(error)) as caught, run_directory("x", keep) as directory:
        (directory / "log").write_text("2")
        raise error
    assert content(keep) == before and keep.exists() == there
    assert [path.name for path in tmp_path.iterdir()] == ["keep"] * there
    if end == "full":
        assert caught.value.filename == str(keep)


def test_a_run_replaces_what_an_earlier_one_left_and_nothing_else(tmp_path):
    leave(tmp_path / "keep", log="1", gone="1")
    (tmp_path / "keep" / "notes.txt").write_text("mine")
    leave(tmp_path / "keep", log="2", new="2")
    assert kept(tmp_path / "keep") == {"log": "2", "new": "2", "notes.txt": "mine"}


def test_a_run_that_fails_leaves_what_shows_why_and_says_where(tmp_path):
    keep = tmp_path / "keep"
    leave(keep, log="1")
    probe = build([PROBE], "probe", name="probe")
    with pytest.raises(SimulationFailed) as caught, run_directory("x", keep) as directory:
        run(probe, PROBE_TESTS, testcase="look", run_dir=directory, plusargs=["+complain"])
    assert f"in {keep})" in str(caught.value) and ".part" not in str(caught.value)
    assert (keep / "simulation.log").is_file() and "log" not in kept(keep)
    check_kept(keep)


def test_a_run_that_fails_before_it_leaves_anything_changes_nothing(tmp_path):
    leave(tmp_path / "keep", log="1")
    with pytest.raises(SimulatorError), run_directory("x", tmp_path / "keep"):
        raise SimulatorError("x")
    assert kept(tmp_path / "keep") == {"log": "1"}


@pytest.mark.parametrize(("error", "stays"), [(None, True), (SimulatorError("x"), True), (Ended(15), False)])
def test_a_directory_of_its_own_stays_unless_the_run_is_interrupted(tmp_path, monkeypatch, error, stays):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    try:
        with run_directory("x", None) as directory:
            (directory / "log").touch()
            if error:
                raise error
    except type(error):
        pass
    assert directory.is_relative_to(build_root()) and (directory / "log").exists() == stays


def test_keep_takes_no_folder_of_other_content(tmp_path):
    check_kept(None)
    check_kept(tmp_path)
    check_kept(tmp_path / "new" / "er")
    assert not list(tmp_path.iterdir())
    write_header(tmp_path / "run", load_design("tiny", DesignPoint))
    check_kept(tmp_path / "run")
    (tmp_path / "thesis").touch()
    for target in (tmp_path, tmp_path / "thesis"):
        with pytest.raises(RemoraError, match=f"--keep {target}: it holds something else"):
            check_kept(target)
    with pytest.raises(OSError, match="thesis"):
        check_kept(tmp_path / "thesis" / "below")


def test_neither_kept_runs_nor_generated_folders_replace_each_other(tmp_path):
    leave(tmp_path / "keep", log="1")
    with pytest.raises(FolderError, match="did not write"):
        generate(load_design("one", DesignPoint), tmp_path / "keep")
    assert kept(tmp_path / "keep") == {"log": "1"}
    generate(load_design("one", DesignPoint), tmp_path / "out")
    with pytest.raises(RemoraError, match="something else"):
        check_kept(tmp_path / "out")


def test_a_parallel_run_leaves_the_sources_of_a_build_in_place(tmp_path, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    design = load_design("one", DesignPoint)
    first = generate_for(crossbar_parts(design, random_weights(design, 1)))
    sources = [first.netlist, *first.models]
    before = [path.stat().st_ino for path in sources]
    images = {path: path.read_bytes() for path in first.images.iterdir()}
    generate_for(crossbar_parts(design, random_weights(design, 2)))
    assert [path.stat().st_ino for path in sources] == before
    assert images != {path: path.read_bytes() for path in first.images.iterdir()}


def test_what_the_same_program_made_of_the_same_design_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    design = load_design("one", DesignPoint)
    made = []
    monkeypatch.setattr(simulation, "write_directory", lambda *a, **k: made.append(1) or write_directory(*a, **k))
    first = generate_for(crossbar_parts(design, random_weights(design, 1)))
    again = generate_for(crossbar_parts(design, random_weights(design, 1)))
    assert (again, len(made)) == (first, 1)
    # Other images, another design point of the same identity, another program, a directory that is not whole.
    generate_for(crossbar_parts(design, random_weights(design, 2)))
    generate_for(crossbar_parts(design.evolve(system={"clock_mhz": 30.0}), random_weights(design, 2)))
    monkeypatch.setattr(simulation, "program_digest", lambda: "other")
    generate_for(crossbar_parts(design, random_weights(design, 2)))
    for lost in (first.directory / "remora.json", first.netlist):
        lost.unlink()
        generate_for(crossbar_parts(design, random_weights(design, 2)))
    assert len(made) == 6 and again.sidecar == json.loads((first.directory / "remora.json").read_text())


def test_a_directory_that_is_held_is_written_by_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    design = load_design("one", DesignPoint)
    for _ in ("made", "kept"):
        with held_for(crossbar_parts(design, random_weights(design, 1))) as held:
            with pytest.raises(Timeout):
                FileLock(held.directory.with_suffix(".lock"), timeout=0).acquire()
            assert held.netlist.is_file()
        with FileLock(held.directory.with_suffix(".lock"), timeout=0):
            pass


def test_a_run_that_cannot_write_leaves_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    design = load_design("one", DesignPoint)

    def fail(*arguments, **options):
        raise OSError("full")

    parts = crossbar_parts(design, random_weights(design, 1))
    generate_for(parts)
    (key,) = (tmp_path / "generated").glob("*.key")
    monkeypatch.setattr(simulation, "write_directory", fail)
    with pytest.raises(OSError, match="full"):
        generate_for(crossbar_parts(design, random_weights(design, 2)))
    assert not key.exists()
