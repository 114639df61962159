"""``remora demo``: the main job, what plain ``make`` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow.console import console, write_json
from spec.extras import require_extra

REQUIRED_ACCURACY = 0.80
"""On unseen digits of the bundled excerpt: what 15 passes over 3,000 digits reach with a margin."""


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where checkpoint, generated files and result go.")
    ] = Path("build"),
    passes: Annotated[int, typer.Option(min=1, help="Training passes.")] = 15,
    limit: Annotated[int, typer.Option(min=200, help="Unseen digits to run on the hardware.")] = 500,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again even if the checkpoint is complete.")] = False,
) -> None:
    """From digits to a verdict: what plain `make` runs.

    Trains the golden model with on-chip learning, generates the `mnist` design as Verilog, runs digits that it has not
    seen on the simulated hardware, and compares every step with golden.
    """
    require_extra("remora demo", "sim")
    from flow.generate import generate
    from flow.simulate import result_table, simulate
    from flow.train import passes_table, train_network
    from golden.data import load
    from spec.errors import CheckFailed
    from spec.presets import load_design

    design = load_design("mnist")
    training, test = load(design, "mnist", test=limit)
    console().rule("1 · learn")
    console().print(f"{len(training):,} digits, {passes} passes, online, in the integers of the chip")
    checkpoint = train_network(design, training, test, passes, output / "mnist.npz", fresh=fresh)
    console().print(passes_table(checkpoint.metadata))

    console().rule("2 · generate")
    generated = generate(design, output / design.name, checkpoint.weights)
    console().print(f"Verilog, macros, images, sidecar, header and documentation in {generated.directory}")

    console().rule("3 · run unseen digits on the hardware")
    simulated = simulate(design, test, checkpoint)
    console().print(result_table(simulated.result))
    write_json(output / "result.json", simulated.result)
    simulated.check()
    accuracy = simulated.result["accuracy"]
    if accuracy < REQUIRED_ACCURACY:
        raise CheckFailed(
            f"hardware and golden agree, but they read only {accuracy:.1%} of the digits; "
            f"{REQUIRED_ACCURACY:.0%} is expected"
        )
    console().rule("verdict")
    console().print(
        f"[bold green]PASS[/bold green]: the generated hardware read {accuracy:.1%} of {limit} digits that it had "
        "never seen, and every one of "
        f"{simulated.result['values_compared']:,} values in {simulated.result['steps_compared']:,} steps "
        "was exactly golden's."
    )
    console().print(f"result: {output / 'result.json'}")
