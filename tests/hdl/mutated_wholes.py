"""Blocks that ``remora mutate`` mutates inside a whole accelerator, and the tests that drive them there.

``python -m tests.hdl.mutated_wholes FOLDER`` runs mutants through them: ``FOLDER/run.json`` says which, and it prints
what happens line by line, as `remora.tb.lib.mutants` does.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from remora.flow.faults.mutants.drawn import CHOICE
from remora.flow.faults.mutants.recipe import ROOT
from remora.flow.faults.mutation import FAULT_PLUSARG, put_mutants
from remora.flow.generate.directory import Generated
from remora.flow.systems.registry import system_of
from remora.flow.tools.seeds import SEED_VARIABLE
from remora.flow.tools.simulator import Build, SimulationFailed, SimulatorError
from remora.flow.verify.harness import Written, build_harness
from remora.hdl.lib.verilog import TOP_NAME, convert
from remora.spec.lib.files import write_text
from remora.spec.lib.section import Design
from remora.tb.lib.mutants import GRACE_S, SOUND, say
from tests.support import COUNTERS, generated_copy
from tests.top.crossbar import test_sizes
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS, hanging_models

TESTS = "tests.top"
TOP = ""
"""In place of a module: the whole."""
BENCHES = ("", "crossbar", "crossbar/bring_up", "bmru", "lib", "sv")
"""Folders of tb that these tests run."""
LOOPS = "// verilator lint_off UNOPTFLAT\n"
"""Head of a netlist with mutants: the logic of those that are asleep may make loops."""
COMPARES = (
    "hdl/macros/*.sv", "flow/verify/*.py", "flow/systems/*/run.py", "flow/systems/*/harness.py", "tests/support.py",
    "tests/hdl/mutated_wholes.py",
)  # fmt: skip
"""What else decides whether a test notices a mutant."""


class WholeTest(NamedTuple):
    """A test of a whole accelerator."""

    name: str
    """Module below ``tests.top``, and function."""
    arguments: tuple[tuple[str, Any], ...] = ()
    """Of the function, besides its fixtures."""


def _of(name: str, /, **arguments: Any) -> WholeTest:
    return WholeTest(name, tuple(arguments.items()))


AGREE = tuple(
    {case.name: case for case in test_sizes.CASES}[name]
    for name in ("tiny-b256-u256-stall0.3-window", "tiny-b117-u52-stall0.8-images", "tiny-b138-u203-stall0-images")
)
"""Runs with bad packets and answers that wait; each bit of a coefficient is 0 in one of them and 1 in another."""
SOFTWARE = (
    _of("test_counters:test_every_bit_of_every_counter", name="crossbar"),
    _of("test_bus:test_a_crossbar_that_infers"),
    _of("crossbar.bring_up.test_settings:test_every_bit_of_stretches_and_limits"),
    *(_of("crossbar.test_sizes:test_agrees_with_golden", case=case) for case in AGREE),
    _of("crossbar.test_scripts:test_scripts"),
    _of("crossbar.test_window:test_window"),
    _of("crossbar.bring_up.test_driving:test_codes_are_those_of_golden", name="tiny"),
)
HANGING = "integrators"
"""Of `DESIGN_POINTS`: several contexts, two integrators, several tiles of either layer, which hang as they are told."""
CONTEXTS = (
    _of("crossbar.test_contexts:test_agrees_with_golden_at_night", name=HANGING, stall=0.3),
    _of("crossbar.bring_up.test_timeouts:test_what_a_stopped_core_holds_is_forgotten"),
    _of("crossbar.bring_up.test_timeouts:test_a_conversion_that_never_ends"),
    _of("crossbar.bring_up.test_driving:test_with_contexts_integrators_and_learning"),
    _of("crossbar.bring_up.test_driving:test_a_conversion_that_never_ends"),
    _of("crossbar.bring_up.test_stretches:test_a_converter_that_is_slow"),
    _of("crossbar.bring_up.test_stretches:test_wordlines_stand_before_each_plane"),
    _of("crossbar.bring_up.test_stretches:test_answers_stay_and_cycles_are_those_of_the_model"),
    _of("crossbar.test_window:test_window_of_several_contexts"),
    _of("crossbar.test_contexts:test_every_class_wins"),
    _of("crossbar.bring_up.test_timeouts:test_a_pulse_of_the_window_that_never_ends"),
)
BMRU = (
    _of("test_counters:test_every_bit_of_every_counter", name="bmru"),
    _of("bmru.test_wake:test_the_clock_runs_exactly_while_something_is_asked_for"),
    _of("bmru.test_wake:test_a_frame_behind_its_tick_starts_at_once"),
    _of("bmru.test_bmru:test_as_software_sees_it", name="odd", module="remora.tb.bmru.top_bmru", tests=6),
    _of("bmru.test_bmru:test_as_software_sees_it", name="odd", module="remora.tb.bmru.top_clips", tests=3),
    _of("bmru.test_bmru:test_frames_clips_and_all_that_can_be_wrong", name="odd", stall=0.5),
    _of("bmru.test_bmru:test_a_vote_that_slides_at_the_pace_of_frames", name="odd"),
    _of("bmru.test_resets:test_resets_of_frames_in_flight"),
)
WHOLES: dict[tuple[WholeTest, ...], dict[str, str]] = {
    SOFTWARE: {"remora": TOP},
    CONTEXTS: {"core": "core"},
    BMRU: {"bmru_remora": TOP},
}  # fmt: skip
"""Modules by the name of the block, by the tests that run each."""
TESTS_OF = {name: tests for tests, modules in WHOLES.items() for name in modules}
MODULES = {name: module for modules in WHOLES.values() for name, module in modules.items()}
LEFT_OUT = {
    "CoreMacro": "it instantiates the macro and names its ports",
}
"""Components that are not mutated, and why."""


class Recorded(BaseException):
    """Ends a test once its design is known; no ``Exception``, so that no test takes it for one of its own."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design


class Mutated:
    """Fixtures of the tests of one block: a whole accelerator with all mutants of the block in it.

    Attributes:
        number: of the mutant that is awake.
        building_s: processor seconds that went into builds.
    """

    def __init__(self, module: str, mutated: str, folder: Path) -> None:
        self.module, self.mutated, self.folder, self.number = module, mutated, folder, SOUND
        self.building_s = 0.0
        self._made: dict[str, tuple[Generated, Build]] = {}

    def harness(self, design: Design, written: Written = COUNTERS) -> tuple[Generated, Build]:
        """As the fixture of `tests.top.conftest`, with one build for all tests."""
        devices = getattr(design, "devices", None)
        key = design.hash if devices is None or devices.ideal else design.evolve(devices={"seed": 1}).hash
        if key not in self._made:
            began = _seconds()
            generated = generated_copy(design, Path(mkdtemp(dir=self.folder)))
            netlist = generated.netlist.read_text(encoding="utf-8")
            write_text(generated.netlist, LOOPS + put_mutants(netlist, self.module, self.mutated, CHOICE))
            models = hanging_models(generated) if design.hash == DESIGN_POINTS[HANGING].hash else None
            make = system_of(design).harness
            built = build_harness(generated, make, models=models, written=written, optimise="build")
            self._made[key] = generated, built
            self.building_s += _seconds() - began
        generated, build = self._made[key]
        return generated, replace(build, plusargs=(f"+{FAULT_PLUSARG}={self.number}",))


def call(test: WholeTest, harness: Callable[..., tuple[Generated, Build]], folder: Path) -> None:
    """Run a test with these fixtures."""
    module_name, function_name = test.name.split(":")
    module = importlib.import_module(f"{TESTS}.{module_name}")
    function = getattr(module, function_name)
    given: dict[str, Any] = {}
    wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
    if "harness" in wanted:
        given["harness"] = harness
    if "hanging" in wanted:
        given["hanging"] = HANGING, harness(DESIGN_POINTS[HANGING])[1]
    if "tmp_path" in wanted:
        given["tmp_path"] = Path(mkdtemp(dir=folder))
    function(**given, **dict(test.arguments))


def record(name: str, folder: Path) -> None:
    """Write the accelerator of a block into ``folder``: ``bench.v``, ``bench.il`` and ``bench.json``."""
    design = None

    def note(design: Design, written: Written = COUNTERS) -> tuple[Generated, Build]:
        raise Recorded(design)

    for test in TESTS_OF[name]:
        # Of what a verdict depends on.
        importlib.import_module(f"{TESTS}.{test.name.partition(':')[0]}")
    try:
        call(TESTS_OF[name][0], note, folder)
    except Recorded as found:
        design = found.design
    assert design is not None, "a test of a whole accelerator asks for a harness"
    netlist = convert(system_of(design).parts(design, None).top(), TOP_NAME, family=TOP_NAME, sources=True)
    write_text(folder / "bench.v", netlist.verilog)
    write_text(folder / "bench.il", netlist.library.rtlil)
    recipe = {
        "module": f"{TOP_NAME}_{MODULES[name]}" if MODULES[name] else TOP_NAME,
        "design": design.model_dump(mode="json"), "test_module": "", "tests": [],
        "config": {"tests": [[test.name, repr(test.arguments)] for test in TESTS_OF[name]]},
        "sources": [], "arguments": [], "benches": _sources(), "whole": True,
    }  # fmt: skip
    write_text(folder / "bench.json", json.dumps(recipe))


def _sources() -> list[str]:
    """Files that the tests, their benches, the models of macros and the comparison are made of."""
    modules = {name: module.__file__ for name, module in sys.modules.items() if name.startswith("tests.top.")}
    tests = [Path(path).resolve() for path in modules.values() if path]
    benches = [path for folder in BENCHES for path in (ROOT / "tb" / folder).iterdir() if path.is_file()]
    compares = (path for pattern in COMPARES for path in ROOT.glob(pattern))
    return sorted({path.relative_to(ROOT).as_posix() for path in (*tests, *benches, *compares)})


def run_mutants(folder: Path) -> None:
    """Run the sound accelerator, then each mutant in a process of its own, which begins where the sound one ended."""
    settings = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    os.environ[SEED_VARIABLE] = str(settings["seed"])
    tests = TESTS_OF[settings["block"]]
    mutated = Mutated(settings["module"], (folder / "mutated.v").read_text(encoding="utf-8"), folder)
    began = _seconds()
    # What is drawn, elaborated and built here every mutant finds.
    _run(tests, mutated, folder)
    say(mutant=SOUND, event="ends", code=0, seconds=_seconds() - began)
    for number in settings["numbers"]:
        if not (child := os.fork()):
            mutated.number = number
            limit = settings["limit_s"]
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + GRACE_S))
            with suppress(BaseException):
                _run(tests, mutated, folder)
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        say(mutant=number, event="ends", code=os.waitstatus_to_exitcode(status), seconds=used.ru_utime)


def _run(tests: tuple[WholeTest, ...], mutated: Mutated, folder: Path) -> None:
    """All tests with one mutant, up to the first that fails."""
    for index, test in enumerate(tests):
        began = _seconds() - mutated.building_s
        told = {"mutant": mutated.number, "test": f"{test.name}#{index}"}
        say(**told, event="begins")
        try:
            call(test, mutated.harness, folder)
        except Exception as error:
            # Whatever stops the sound accelerator is its verdict.
            breaks = mutated.number != SOUND and _of_the_machine(error)
            say(**told, event="breaks" if breaks else "fails", why=_why(error))
            raise
        say(**told, event="passes", ns=0, seconds=_seconds() - mutated.building_s - began)
    say(mutant=mutated.number, event="passed all")


def _of_the_machine(error: Exception) -> bool:
    """Whether an error says nothing of the mutant."""
    if isinstance(error, SimulatorError) and not isinstance(error, SimulationFailed):
        return not re.search(r"The design reports: |ended with status (?!-9\b)|did not end within", str(error))
    return isinstance(error, (OSError, MemoryError)) and not isinstance(error, TimeoutError)


def _why(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:3])}"[:300]


def _seconds() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    run_mutants(Path(sys.argv[1]))
