"""``remora selftest``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json

if TYPE_CHECKING:
    from remora.flow.systems.crossbar.self_test.run import SelfTestRun
    from remora.golden.devices.chip import Chip
    from remora.golden.devices.self_test import SelfTestResult
    from remora.golden.devices.state import DeviceState
    from remora.spec.crossbar.design import DesignPoint
    from remora.spec.crossbar.self_test.plan import Finding
    from remora.spec.crossbar.spares.spare_map import SpareMap

MOST_SHARE = 0.5
"""Of devices that a random map sticks at most."""


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Design point with real devices.")],
    defects: Annotated[
        Path | None, typer.Option("--defects", metavar="FILE", help="Defects to inject: TOML or JSON.")
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", metavar="SEED", min=0, help="Inject a random map instead.")
    ] = None,
    share: Annotated[
        float, typer.Option("--share", min=0, max=MOST_SHARE, help="Of devices that a random map sticks.")
    ] = 0.01,
    devices: Annotated[
        str | None, typer.Option("--devices", metavar="PRESET", help="Preset of real devices instead of its own.")
    ] = None,
    device_seed: Annotated[
        int | None, typer.Option("--device-seed", metavar="SEED", min=0, help="Which chip of its kind.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="Weights; initial ones without.")
    ] = None,
    spares: Annotated[
        Path | None,
        typer.Option("--spares", metavar="FILE", help="What spare columns stand in for: JSON, as --json writes it."),
    ] = None,
    rtl: Annotated[bool, typer.Option("--rtl", help="Run the hardware too, and compare.")] = False,
    json: JsonOption = None,
) -> None:
    """Put defects into a chip, let it test itself, and compare what it finds.

    Exits 1 if a defect is missed, something else is said, or the hardware differs from golden. What a dead column
    hides is untestable and does not count.

    Examples: remora selftest tiny --devices pcm --random 1 · remora selftest mine.toml --defects map.toml --rtl
    """
    from remora.flow.report.provenance import provenance
    from remora.flow.systems.crossbar.spares.map_file import REPAIRS, listed, read_spares
    from remora.golden.devices.chip import Chip, with_spares
    from remora.golden.devices.defects import check_defects, found_of, inject, made_with, random_defects, random_drift
    from remora.golden.devices.gain_drift import drifted, unweighed
    from remora.golden.devices.self_test import self_test
    from remora.golden.devices.spares.repairs import is_replaced
    from remora.golden.devices.state import DeviceState
    from remora.spec.crossbar.layout import Layer
    from remora.spec.crossbar.self_test.plan import Defect, threshold_for
    from remora.spec.lib.errors import CheckFailed, ConfigError
    from remora.spec.lib.extras import require_extra

    if rtl:
        require_extra("remora selftest --rtl", "sim")
    check_results(json, beside=[config, *(path for path in (defects, checkpoint, spares) if path)])
    if (defects is None) == (random is None):
        raise ConfigError("give either --defects FILE or --random SEED")
    design = _design(config, devices, device_seed)
    made = Chip.of(design)
    seed = random or 0
    injected = _injected(defects) if defects else random_defects(made, seed, share) + random_drift(made, seed)
    try:
        check_defects(design, made, injected)
    except ValueError as error:
        raise ConfigError(f"{defects or '--random'}: {error}") from error
    weights = _weights(design, checkpoint)
    used = read_spares(spares, design) if spares else None
    drifts = [each for each in injected if each.finding.defect is Defect.GAIN]
    chip, state = inject(made, DeviceState.fresh(made, weights), [each for each in injected if each not in drifts])
    if used:
        chip, state = with_spares(design, chip, used), state.with_spares(design, used)
    before = None
    if drifts:  # which only a test before can show
        before = self_test(design, chip, state, threshold_for(design), pulses=False)
        chip, state = inject(chip, state, drifts)
    run: SelfTestRun | None = None
    if rtl:
        run = _run(design, chip, state)
        result = run.golden[0]
    else:
        result = self_test(design, chip, state, threshold_for(design))
    told, hidden = list(result.findings), unweighed(design, result)
    if before:
        for layer in Layer:
            found, unjudged = drifted(design, layer, before, result)
            told, hidden = told + found, hidden + unjudged
    there = [each for each in injected if not is_replaced(design, each.finding, used)]
    outcome = found_of(chip, [*there, *made_with(design, Chip.of(design, used))], told, hidden)
    mended, tests = _mended(design, chip, state, result, used)
    groups = {name: getattr(outcome, name) for name in ("found", "missed", "false_alarms", "untestable")}
    cycles = run.cycles[0] if run else result.cycles(design)
    classes = [f">{defect.name.lower().replace('_', ' ')}" for defect in Defect]
    shown = table("", *classes, title=f"{design.name}: self-test")
    for name, findings in groups.items():
        shown.add_row(name.replace("_", " "), *(str(count) for count in _by_class(findings).values()))
    console().print(shown)
    console().print(f"{cycles:,} cycles, {result.pulses:,} pulses, at most {result.most} a device")
    if design.capabilities.spares:
        console().print(
            f"spare columns in use: {len(listed(design, used)) if used else 0}; {_told(design, mended, tests)}"
        )
    write_json(
        json,
        {
            "design": design.name, "design_hash": design.hash, "device_seed": design.devices.seed,
            "injected": _listed(each.finding for each in injected),
            **{name: _listed(findings) for name, findings in groups.items()},
            REPAIRS: listed(design, mended), "tests": tests,
            "by_class": {name: _by_class(findings) for name, findings in groups.items()},
            "listed": len(result.listed), "cycles": cycles, "pulses": result.pulses, "most_pulses": result.most,
            "threshold": threshold_for(design),
            "rtl": {"compared": run.comparison.compared, "mismatches": run.comparison.mismatches} if run else None,
            **provenance(random or 0),
        },
    )  # fmt: skip
    if run and (failure := run.comparison.failure(run.required)):
        raise CheckFailed(f"hardware and golden differ: {failure}")
    if outcome.missed or outcome.false_alarms:
        raise CheckFailed(f"{len(outcome.missed)} defects are missed, {len(outcome.false_alarms)} alarms are false")
    console().print(f"[bold green]all {len(outcome.found)} defects are found, and nothing else[/bold green]")


def _mended(
    design: DesignPoint, chip: Chip, state: DeviceState, first: SelfTestResult, used: SpareMap | None
) -> tuple[SpareMap, int]:
    """What spares should stand in for, and the tests that this took: the first one, and golden's of every new map."""
    from remora.golden.devices.chip import with_spares
    from remora.golden.devices.self_test import self_test
    from remora.golden.devices.spares.repairs import mended
    from remora.spec.crossbar.self_test.plan import threshold_for

    results = [first]

    def findings(spares: SpareMap) -> list[Finding]:
        nonlocal chip, state
        if spares != (chip.spares or spares):
            chip, state = with_spares(design, chip, spares), state.with_spares(design, spares)
            results.append(self_test(design, chip, state, threshold_for(design)))
        return results[-1].findings

    return mended(design, findings, used), len(results)


def _told(design: DesignPoint, mended: SpareMap, tests: int) -> str:
    """What spares should stand in for, in words."""
    found = mended.replacements(design)
    named = ", ".join(f"{each.layer.name.lower()} tile {each.tile} column {each.column}" for each in found)
    taken = f"to mend the chip let them stand in for {named}" if found else "none is needed"
    return f"{taken}, as {tests} tests say" if tests > 1 else taken


def _design(config: str, devices: str | None, device_seed: int | None) -> DesignPoint:
    from remora.spec.crossbar.design import DesignPoint
    from remora.spec.devices.section import Devices
    from remora.spec.devices.suggestions import suggestion
    from remora.spec.lib.errors import ConfigError
    from remora.spec.lib.validation import validated
    from remora.spec.presets import load_design

    design = load_design(config, DesignPoint)
    changes: dict[str, Any] = {} if design.capabilities.tests_itself else {"crossbar": {"self_test": True}}
    if devices is not None:
        given = validated(Devices, design.devices.given() | {"model": devices}, "--devices")
        changes["devices"] = {"model": devices}
        if not given.ideal:
            found = suggestion(design, given)
            changes["crossbar"] = {**changes.get("crossbar", {}), "pulse_cycles": found.pulse_cycles}
    if device_seed is not None:
        changes["devices"] = {**changes.get("devices", {}), "seed": device_seed}
    design = design.evolve(**changes) if changes else design
    if design.devices.ideal:
        raise ConfigError(
            f"design point '{design.name}' has ideal devices, which do not break: "
            "describe some in its section devices, or give --devices PRESET"
        )
    return design


def _injected(path: Path) -> list[Any]:
    from remora.flow.systems.crossbar.self_test.defect_file import read_defects

    return read_defects(path)


def _weights(design: DesignPoint, checkpoint: Path | None) -> tuple[Any, Any]:
    from remora.golden.crossbar.weights import initial_weights
    from remora.golden.learning.checkpoint import load_checkpoint

    weights = load_checkpoint(checkpoint, design).weights if checkpoint else initial_weights(design)
    if design.capabilities.digital_bias:  # Rule K5: their row of devices is at rest
        weights.hidden[-1] = weights.readout[-1] = 0
    return weights.hidden, weights.readout


def _run(design: DesignPoint, chip: Any, state: Any) -> SelfTestRun:
    from tempfile import TemporaryDirectory

    from remora.flow.systems.crossbar.self_test.run import run_self_test
    from remora.flow.systems.registry import generate, system_of
    from remora.flow.verify.harness import build_harness
    from remora.spec.crossbar.self_test.plan import threshold_for

    with TemporaryDirectory(prefix="remora-selftest-") as name, console(stderr=True).status("running the hardware"):
        folder = Path(name)
        generated = generate(design, folder / "generated")
        build = build_harness(generated, system_of(design).harness)
        (folder / "run").mkdir()
        return run_self_test(build, design, chip, state, threshold_for(design), folder / "run")


def _by_class(findings: Iterable[Finding]) -> dict[str, int]:
    from remora.spec.crossbar.self_test.plan import Defect

    found = list(findings)
    return {defect.name.lower(): sum(each.defect is defect for each in found) for defect in Defect}


def _listed(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "class": each.defect.name.lower(), "layer": each.layer.name.lower(), "side": each.side, "row": each.row,
            "column": each.column,
        }
        for each in findings
    ]  # fmt: skip
