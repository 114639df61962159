"""The simulation mechanism: it finds the tool, builds once, runs apart, and never takes silence for success."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import remora.flow.tools.build
from remora.flow.tools.simulator import (
    SimulationFailed,
    SimulatorError,
    build,
    build_executable,
    build_root,
    run,
)
from remora.flow.tools.verilator import FST_FIX
from tests.flow.tools.blocks import Adder, Queue
from tests.support import build_blocks, missing_tool, simulate_blocks

HERE = Path(__file__).parent
PROBE = HERE / "probe.sv"
PROBE_TESTS = "tests.flow.tools.cocotb_probe"
WIDTHS = {"a1": 1, "a5": 5, "a8": 8}
DEPTHS = {"q1": 1, "q3": 3}


@pytest.fixture
def own_root(tmp_path, monkeypatch):
    """An empty build root, which shares the compiled run-time library with the real one."""
    shared = build_root() / "runtime"
    shared.mkdir(parents=True, exist_ok=True)
    (tmp_path / "runtime").symlink_to(shared)
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def probe():
    return build([PROBE], "probe", name="probe")


def simulate_small_blocks(**config):
    components = {name: Adder(width) for name, width in WIDTHS.items()} | {
        name: Queue(8, depth) for name, depth in DEPTHS.items()
    }
    settings = {"adders": WIDTHS, "queues": DEPTHS, "additions": 40, "words": 60, **config}
    return simulate_blocks(components, "tests.flow.tools.cocotb_blocks", config=settings, seed=7)


def look(probe_build, tmp_path, **options):
    result = run(probe_build, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run", **options)
    assert [test.name for test in result.tests] == ["look"]
    return json.loads((tmp_path / "run" / "seen.json").read_text())


# Blocks ---------------------------------------------------------------------------------------------------------------
def test_several_sizes_in_one_bench():
    result = simulate_small_blocks()
    assert sorted(test.name for test in result.tests) == ["adders_add", "queues_keep_order"]
    assert result.run_dir is None


def test_a_wrong_result_fails_and_says_where():
    with pytest.raises(
        SimulationFailed, match=r"1 of 2 tests failed.*seed 7(.|\n)*adders_add: .*a1 after 0 comparisons"
    ) as caught:
        simulate_small_blocks(wrong_by=1)
    assert caught.value.exit_code == 1


def test_the_assertions_of_benches_alone_are_rewritten(probe, tmp_path, monkeypatch):
    run(probe, PROBE_TESTS, testcase="loaders", run_dir=tmp_path)
    loaders = json.loads((tmp_path / "loaders.json").read_text())
    own = {name for name in loaders if name.startswith(("remora.", "tests."))}
    assert "remora.tb.lib.config" in own
    assert {name for name in own if loaders[name] == "AssertionRewritingHook"} == {PROBE_TESTS}
    monkeypatch.setenv("COCOTB_REWRITE_ASSERTION_FILES", "")
    run(probe, PROBE_TESTS, testcase="loaders", run_dir=tmp_path)
    assert "AssertionRewritingHook" not in json.loads((tmp_path / "loaders.json").read_text()).values()


def test_prefix_must_be_an_identifier():
    with pytest.raises(ValueError, match="'5s' is not a Verilog identifier"):
        build_blocks({"5s": None}, name="never")


# Build ----------------------------------------------------------------------------------------------------------------
def test_warm_build_starts_nothing(probe, monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError(f"a warm build started {arguments}")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    assert build([PROBE], "probe", name="probe") == probe


def test_digest_follows_content_and_settings_but_not_the_folder(probe, tmp_path):
    def digest(path=PROBE, top="probe", **options):
        recipe = remora.flow.tools.build._Recipe(
            name="probe", top=top, sources=[path], main_cpp=HERE / "probe_main.cpp", **options
        )
        return remora.flow.tools.build._digest(recipe)

    copy = tmp_path / "probe.sv"
    copy.write_text(PROBE.read_text())
    assert digest(copy) == digest()
    copy.write_text(PROBE.read_text() + "\n")
    variants = [
        digest(), digest(copy), digest(top="other"), digest(waves="vcd"), digest(waves="fst"), digest(optimise="build"),
        digest(arguments=["--trace-depth", "1"]), digest(arguments=["--trace-depth", "2"]),
    ]  # fmt: skip
    assert len(set(variants)) == len(variants)


def test_failed_build_shows_the_first_error_and_is_not_kept(own_root):
    source = own_root / "broken.sv"
    source.write_text("module broken(input logic clk, output logic q);\n  assign q = nonexistent_signal;\nendmodule\n")
    for _ in range(2):  # the second time too: nothing half built may pass for a build
        with pytest.raises(SimulatorError, match=r"build 'broken' failed: %Error.*nonexistent_signal") as caught:
            build([source], "broken", name="broken")
        assert caught.value.exit_code == 2
    source.write_text("module broken(input logic clk, output logic q);\n  assign q = clk;\nendmodule\n")
    assert build([source], "broken", name="broken").executable.is_file()


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("%Warning-UNUSED: a\n%Error: b.sv:3: wrong\n%Error: Exiting due to 1 error(s)\n", "%Error: b.sv:3: wrong"),
        ("ok\n%Warning-LATCH: c.sv:1: latch\n%Error: Exiting due to 1 warning(s)\n", "%Warning-LATCH: c.sv:1: latch"),
        ("c++ -c x.cpp\nx.cpp:2:5: error: expected ';'\nmake: *** [x.o] Error 1\n", "x.cpp:2:5: error: expected ';'"),
        ("ld: x.o: undefined reference to `f'\ncollect2: error: 1\n", "ld: x.o: undefined reference to `f'"),
        ("killed\n", "killed"),
        ("", "it printed nothing"),
    ],
)  # fmt: skip
def test_first_error(log, line):
    assert remora.flow.tools.build.first_error(log) == line


def test_warnings_count_in_hand_written_sources_only(own_root):
    text = "module narrow(input logic [7:0] a, output logic [3:0] q);\n  assign q = a;\nendmodule\n"
    for name in ("narrow.sv", "narrow.v"):
        (own_root / name).write_text(text)
    with pytest.raises(SimulatorError, match="failed: %Warning-WIDTHTRUNC"):
        build([own_root / "narrow.sv"], "narrow", name="narrow")
    assert build([own_root / "narrow.v"], "narrow", name="narrow").executable.is_file()


def test_missing_source_and_folder_with_a_space(own_root, monkeypatch):
    with pytest.raises(SimulatorError, match="nowhere.sv does not exist"):
        build([own_root / "nowhere.sv"], "nowhere", name="nowhere")
    monkeypatch.setenv("REMORA_SIM_BUILD", str(own_root / "two words"))
    with pytest.raises(SimulatorError, match="contains a space"):
        build([PROBE], "probe", name="probe")


def test_two_processes_build_the_same_once(own_root):
    script = (
        f"from remora.flow.tools.simulator import build\n"
        f"print(build([{str(PROBE)!r}], 'probe', name='twice').directory)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=300)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert answers[0] == answers[1] and Path(answers[0], "simulation").is_file()
    assert (Path(answers[0]) / "build.log").read_text().count("V e r i l a t i o n") == 1


def test_executable_without_cocotb():
    compiled = build_executable([PROBE], "probe", HERE / "probe_main.cpp", name="probe_executable")
    answer = subprocess.run([compiled.executable, "+seen"], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("plusarg=1 word=") and answer.strip() != "plusarg=1 word=0"


# Run ------------------------------------------------------------------------------------------------------------------
def test_config_seed_and_plusargs_reach_the_test(probe, tmp_path, monkeypatch):
    first = look(probe, tmp_path, config={"words": [1, 2], "deep": {"x": "ü"}}, seed=5, plusargs=["+seen"])
    assert first["config"] == {"words": [1, 2], "deep": {"x": "ü"}} and first["plusarg"] == 1
    again, other = look(probe, tmp_path, seed=5), look(probe, tmp_path, seed=6)
    assert again["config"] == {} and again["plusarg"] == 0
    assert first["random"] == again["random"] != other["random"]
    monkeypatch.setenv("COCOTB_RANDOM_SEED", "6")
    assert look(probe, tmp_path)["random"] == other["random"]
    assert look(probe, tmp_path, seed=5)["random"] == first["random"]


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1e3", "x", "1" * 5000])
def test_a_seed_of_the_environment_is_a_whole_number_of_32_bits(probe, tmp_path, monkeypatch, seed):
    monkeypatch.setenv("COCOTB_RANDOM_SEED", seed)
    with pytest.raises(SimulatorError, match="COCOTB_RANDOM_SEED = .*: give a whole number in 0…4294967295"):
        look(probe, tmp_path)


def test_what_nobody_initialised_is_random_by_the_seed(probe, tmp_path):
    words = [look(probe, tmp_path, seed=seed)["forgotten"] for seed in (5, 5, 6)]
    assert words[0] == words[1] != words[2]


def test_only_ports_are_visible(probe, tmp_path):
    assert look(probe, tmp_path)["visible"] == ["clk", "forgotten_word", "plusarg_seen", "trip"]


def test_waves(probe, tmp_path):
    with pytest.raises(SimulatorError, match="build it with waves"):
        look(probe, tmp_path, waves=tmp_path / "no.vcd")
    recorder = build([PROBE], "probe", name="probe_waves", waves="vcd")
    look(recorder, tmp_path, waves=tmp_path / "deep" / "probe.vcd")
    text = (tmp_path / "deep" / "probe.vcd").read_text()
    assert "inner_signal" in text and "$enddefinitions" in text
    look(recorder, tmp_path)
    assert not list((tmp_path / "run").glob("*.vcd"))


def test_waves_as_fst(tmp_path, monkeypatch):
    monkeypatch.setattr(remora.flow.tools.build, "has_fst_headers", lambda: False)
    with pytest.raises(SimulatorError, match="headers of lz4 and zlib: .*apt install liblz4-dev zlib1g-dev; VCD needs"):
        build([PROBE], "probe", name="probe_fst", waves="fst")
    monkeypatch.undo()
    if not remora.flow.tools.build.has_fst_headers():
        missing_tool(f"no FST: {FST_FIX}")
    recorder = build([PROBE], "probe", name="probe_fst", waves="fst")
    look(recorder, tmp_path, waves=tmp_path / "probe.fst")
    content = (tmp_path / "probe.fst").read_bytes()
    # A header block of 329 bytes comes first.
    assert content[0] == 0 and int.from_bytes(content[1:9], "big") == 329 and len(content) > 400
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probe.fst", "run"]


@pytest.mark.parametrize(("name", "found"), [("a.vcd", "vcd"), ("b.fst", "fst"), (None, None)])
def test_the_name_says_the_format_of_waves(name, found):
    assert remora.flow.tools.build.wave_format(Path(name) if name else None) == found


@pytest.mark.parametrize(
    ("module", "testcase"), [(PROBE_TESTS, "no_such_test"), ("tests.flow.tools.cocotb_skipped", None)]
)
def test_no_test_at_all_is_a_failure(probe, tmp_path, module, testcase):
    with pytest.raises(SimulatorError, match="no test ran"):
        run(probe, module, testcase=testcase, run_dir=tmp_path)


def test_module_that_does_not_import_is_a_failure(probe, tmp_path):
    with pytest.raises(SimulatorError, match="no_such_module"):
        run(probe, "tests.flow.no_such_module", run_dir=tmp_path)


def test_stale_results_do_not_count(probe, tmp_path):
    look(probe, tmp_path)
    assert (tmp_path / "run" / "results.xml").is_file()
    with pytest.raises(SimulatorError):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run", plusargs=["+die"])


@pytest.mark.parametrize(("plusarg", "words"), [("+complain", "the design complains"), ("+die", "the design gives up")])
def test_an_error_in_the_design_fails_the_test_and_is_named(probe, tmp_path, plusarg, words):
    with pytest.raises(SimulationFailed, match=f"The design reports: .*{words}"):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path, plusargs=[plusarg])


def test_an_error_in_the_design_is_a_failure_though_every_test_passes(probe, tmp_path):
    with pytest.raises(SimulatorError, match="ended with status 1(.|\n)*The design reports: .*the design complains"):
        look(probe, tmp_path, plusargs=["+complain", "+verilator+error+limit+9"])
    assert json.loads((tmp_path / "run" / "seen.json").read_text())["visible"]


def test_warnings_of_libraries_stop_no_simulation(probe, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    assert len(run(probe, PROBE_TESTS, testcase="deprecated", run_dir=tmp_path / "run").tests) == 1


def test_time_limit(probe, tmp_path):
    with pytest.raises(SimulatorError, match="did not end within 3 s"):
        run(probe, PROBE_TESTS, testcase="hang", run_dir=tmp_path, timeout=3)


def test_directory_of_its_own_stays_only_after_failure(probe):
    def directories():
        return set((build_root() / "runs").glob("probe-*"))

    before = directories()
    run(probe, PROBE_TESTS, testcase="look")
    assert directories() <= before
    with pytest.raises(SimulatorError) as caught:
        run(probe, PROBE_TESTS, testcase="no_such_test")
    (kept,) = directories() - before
    assert str(kept) in str(caught.value) and (kept / "simulation.log").is_file()
    shutil.rmtree(kept)
