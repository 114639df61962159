"""``remora demo``: the main job, what plain ``make`` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import console, write_json
from remora.spec.lib.extras import require_extra

REQUIRED_ACCURACY = 0.80
"""On unseen digits of the bundled excerpt: what 15 passes over 3,000 digits reach with a margin."""
PRESET, PASSES, LIMIT = "mnist", 15, 500
LEAST = 200
"""Digits from which the accuracy says something."""
QUICK_PRESET, QUICK_PASSES, QUICK_LIMIT = "tiny", 1, 20
"""What ``--quick`` takes instead."""


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where checkpoint, generated files and result go.")
    ] = Path("build"),
    passes: Annotated[
        int | None, typer.Option(min=1, help=f"Training passes; {PASSES}, or {QUICK_PASSES} with --quick.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"Unseen sequences to run on the hardware; {LIMIT}, or {QUICK_LIMIT} with --quick."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again even if the checkpoint is complete.")] = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help=f"The whole chain with the `{QUICK_PRESET}` design and made-up data, in under a minute."
        ),
    ] = False,
) -> None:
    """Learn digits, generate the hardware, run it, and compare: what plain `make` runs.

    The command trains the golden model with on-chip learning, generates the `mnist` design as Verilog, runs digits that
    it has not seen on the simulated hardware, and compares every step with golden. With --quick it does the same with
    the `tiny` design and random sequences, whose accuracy does not count.
    """
    require_extra("remora demo", "sim")
    from remora.flow.systems.api import generate, load_design, simulate, train
    from remora.flow.systems.registry import system_of
    from remora.spec.lib.errors import CheckFailed, RemoraError

    design = load_design(QUICK_PRESET if quick else PRESET)
    passes, limit = passes or (QUICK_PASSES if quick else PASSES), limit or (QUICK_LIMIT if quick else LIMIT)
    if not quick and limit < LEAST:
        raise RemoraError(f"--limit {limit}: give {LEAST} digits or more, fewer say too little of the accuracy")
    what, data = ("sequences", "synthetic") if quick else ("digits", "mnist")
    checkpoint = output / f"{design.name}.npz"
    console().rule("1 · learn")
    console().print(f"{passes} passes, online, in the integers of the chip")
    train(design, data=data, passes=passes, output=checkpoint, fresh=fresh)

    console().rule("2 · generate")
    generated = generate(design, output / design.name, system_of(design).load_content(design, checkpoint))
    console().print(f"Verilog, macros, images, sidecar, header and documentation in {generated.directory}")

    console().rule(f"3 · run unseen {what} on the hardware")
    simulated = simulate(design, data=data, limit=limit, checkpoint=checkpoint)
    console().print(simulated.table())
    write_json(output / "result.json", simulated.result)
    simulated.check()
    accuracy = simulated.result["accuracy"]
    if not quick and accuracy < REQUIRED_ACCURACY:
        raise CheckFailed(
            f"hardware and golden agree, but they read only {accuracy:.1%} of the digits; "
            f"{REQUIRED_ACCURACY:.0%} is expected"
        )
    console().rule("verdict")
    result = simulated.result
    console().print(
        f"[bold green]PASS[/bold green]: the generated hardware read {accuracy:.1%} of {result['sequences']} {what} "
        f"that it had never seen, and every one of {result['values_compared']:,} values in "
        f"{result['steps_compared']:,} steps was exactly golden's."
    )
    console().print(f"result: {output / 'result.json'}")
