"""What block tests share: several instances of a block in one top module, built once and driven by a cocotb module.

A test names its instances and the cocotb module that drives them::

    def test_rounding():
        simulate_blocks({"s1": Rounder(1), "s5": Rounder(5)}, "remora.tb.test_rounder",
                        config={"sizes": {"s1": 1, "s5": 5}})

and the module finds the ports as ``dut.s1__value``, ``dut.s5__value`` beside ``dut.clk`` and ``dut.rst``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypedDict, Unpack

import pytest
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from remora.flow.faults.mutation import Fault, mutate
from remora.flow.generate.directory import Generated
from remora.flow.generate.parts import Parts
from remora.flow.systems.registry import generate, system_of
from remora.flow.tools.icarus import Icarus, build_icarus, find_icarus
from remora.flow.tools.simulator import Build, RunResult, SimulatorError, build, run, write_source
from remora.flow.verify.harness import Written, build_harness
from remora.flow.verify.simulation import generate_for, held_for
from remora.hdl.lib.verilog import TOP_NAME, Bench, to_verilog
from remora.spec.lib.section import Design

BENCH = "bench"
"""Name of the top module."""
COUNTERS: Written = {
    f"{TOP_NAME}_counters": ("*_low", "*_high"), f"{TOP_NAME}_cycle_counter": ("cycles_low", "cycles_high"),
    f"{TOP_NAME}_frame_sequencer": ("awake_last", "awake_most"), "remora_bmru_core": ("charge_r",),
}  # fmt: skip
"""Registers of a whole accelerator that hold its counters and meters."""

_texts: dict[object, str] = {}
"""What was elaborated in this process, by what tells it apart."""


def faulty_build(design: Design, faults: Sequence[Fault], directory: Path) -> Build:
    """A whole design with all of these faults in its netlist, asleep until ``FAULT_PLUSARG`` wakes one by number.

    Args:
        directory: for the generated files; each use has one of its own.
    """
    generated = generate(design, directory)
    netlist = write_source("remora_faults.v", mutate(generated.netlist.read_text(encoding="utf-8"), faults))
    modules = {fault.module for fault in faults}
    wrapped = {each["path"] for each in generated.sidecar["instances"] if each["module"] in modules}
    return build_harness(generated, system_of(design).harness, netlist=netlist, wrapped=wrapped, optimise="build")


def generated_once(design: Design) -> Generated:
    """The generated directory of a design point, to read.

    Elaboration takes a second and more, so one worker does it for all.
    """
    return generate_for(*_whole(design))


def _whole(design: Design) -> tuple[Parts, str]:
    """Parts, and the prefix of a directory that no other design point has."""
    whole = hashlib.sha256(design.model_dump_json().encode()).hexdigest()[:12]
    return system_of(design).parts(design, None), f"tests-{whole}-"


def generated_copy(design: Design, directory: Path) -> Generated:
    """The same as a copy that a test may change."""
    with held_for(*_whole(design)) as made:
        shutil.copytree(made.directory, directory, dirs_exist_ok=True)
    return Generated(design, directory, made.sidecar)


class RunOptions(TypedDict, total=False):
    """Of a run, as of ``remora.flow.tools.simulator.run``."""

    testcase: str | Sequence[str] | None
    config: Mapping[str, Any] | None
    seed: int | None
    run_dir: Path | None
    plusargs: Sequence[str]


class BlockOptions(RunOptions, total=False):
    """Of a build of blocks and its run, as of `simulate_blocks`."""

    name: str | None
    extra_sources: Sequence[Path]
    simulator: str
    faults: Sequence[Fault]
    arguments: Sequence[str]


def missing_tool(reason: str) -> NoReturn:
    """Skip the running test because something is missing on this machine; where ``CI`` is ``true``, fail it.

    Args:
        reason: what is missing, and the remedy.
    """
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"continuous integration runs every test: {reason}", pytrace=False)
    pytest.skip(reason)


def icarus() -> Icarus:
    """Icarus Verilog; without it the running test is skipped, or fails in continuous integration."""
    try:
        return find_icarus()
    except SimulatorError as error:
        missing_tool(str(error))


def build_blocks(
    components: Mapping[str, wiring.Component],
    *,
    name: str,
    extra_sources: Sequence[Path] = (),
    simulator: str = "verilator",
    faults: Sequence[Fault] = (),
    arguments: Sequence[str] = (),
    key: object = None,
) -> Build:
    """Build ``components`` side by side under the top module ``bench``.

    Args:
        components: prefix of the ports → component; a prefix is a Verilog identifier.
        name: what to call the build.
        extra_sources: SystemVerilog that the components instantiate, such as the macros.
        simulator: ``verilator`` or ``icarus``, which takes no arguments and which must be there.
        faults: mistakes in modules, which are named after the prefix; none is awake until a run chooses one.
        arguments: further ones for Verilator.
        key: what tells these components apart from others; those of one key are elaborated once. None where nothing is
            known of them.

    Raises:
        ValueError: a prefix is no identifier.
    """
    for prefix in components:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", prefix):
            raise ValueError(f"prefix '{prefix}' is not a Verilog identifier")
    text = _texts.get(key) or to_verilog(Bench(components), BENCH)
    if key is not None:
        _texts[key] = text
    source = write_source(f"{BENCH}.v", mutate(text, faults) if faults else text)
    if simulator == "icarus":
        icarus()
        return build_icarus([*extra_sources, source], BENCH, name=name)
    return build([*extra_sources, source], BENCH, name=name, arguments=arguments, optimise="build")


def simulate_blocks(
    components: Mapping[str, wiring.Component],
    test_module: str,
    *,
    name: str | None = None,
    extra_sources: Sequence[Path] = (),
    simulator: str = "verilator",
    faults: Sequence[Fault] = (),
    arguments: Sequence[str] = (),
    key: object = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Build ``components`` as ``build_blocks`` does and run ``test_module`` on them.

    Args:
        name: what to call the build; the last part of ``test_module`` where None.
        extra_sources, simulator, faults, arguments, key: as of ``build_blocks``.
        options: of the run.
    """
    name = name or test_module.rpartition(".")[2].removeprefix("test_")
    compiled = build_blocks(
        components, name=name, extra_sources=extra_sources, simulator=simulator, faults=faults, arguments=arguments,
        key=key,
    )  # fmt: skip
    return run(compiled, test_module, **options)


def simulate_cases(
    make: Callable[..., wiring.Component],
    cases: Mapping[str, Mapping[str, Any]],
    test_module: str,
    **options: Unpack[BlockOptions],
) -> RunResult:
    """Simulate ``make(**case)`` for every case side by side; the module drives them through ``remora.tb.lib.bench``.

    Args:
        make: the component's class, or a function that makes one.
        cases: prefix of the ports → arguments of ``make``: a design point as ``design`` and plain numbers.
        options: as of ``simulate_blocks``; ``config`` is what the module is told besides.
    """
    components = {prefix: make(**case) for prefix, case in cases.items()}
    inputs = [
        "__".join(map(str, (prefix, *path)))
        for prefix, component in components.items()
        for path, member, _ in component.signature.flatten(component)
        if member.flow == In
    ]
    plain = {
        prefix: {key: value.stated() if isinstance(value, Design) else value for key, value in case.items()}
        for prefix, case in cases.items()
    }
    options["config"] = {"cases": plain, "inputs": inputs, **(options.get("config") or {})}
    return simulate_blocks(components, test_module, key=(make, json.dumps(plain)), **options)
