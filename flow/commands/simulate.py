"""``remora simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flow.console import JsonOption, console, write_json
from spec.errors import RemoraError

if TYPE_CHECKING:
    from golden.data import SequenceSet
    from spec.design import DesignPoint

DEFAULT_LIMIT = 200
WAVES_LIMIT = 2
QUICK_PASSES = 2
QUICK_SEQUENCES = 1500


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or a TOML file.")],
    data: Annotated[
        str, typer.Option(help="mnist, synthetic, or your own .npz with x and y; by default what fits the design.")
    ] = "auto",
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Test sequences; {DEFAULT_LIMIT}, or {WAVES_LIMIT} with --waves.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of stalls and of registers without a reset value.")] = 1,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights from `remora train`; trains quickly where not given.")
    ] = None,
    stall: Annotated[float, typer.Option(min=0, max=0.95, help="Probability that a stream pauses in a cycle.")] = 0.0,
    learn: Annotated[bool, typer.Option("--learn", help="Hardware that learns; every sequence is learnt.")] = False,
    noise: Annotated[bool, typer.Option("--noise", help="Analog core: noise at every node, drawn anew each frame.")] = False,
    mismatch: Annotated[bool, typer.Option("--mismatch", help="Analog core: mirrors differ from their ratio.")] = False,
    bias_error: Annotated[
        bool, typer.Option("--bias-error", help="Analog core: bias currents differ from their code.")
    ] = False,
    paced: Annotated[
        bool, typer.Option("--paced", help="Analog core: frames at their pace of 10 ms instead of back to back.")
    ] = False,
    waves: Annotated[Path | None, typer.Option(help="Record waveforms to this VCD file.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep inputs, trace and log in this directory.")] = None,
    json: JsonOption = None,
) -> None:
    """Run the generated Verilog on real sequences under Verilator and compare every step with golden.

    Streamed words, ADC codes, candidates, states, readout and decision must agree exactly. With --learn, error,
    feedback, gradients, accumulators and pulses of every sequence must too, and at the end every weight. Exits 1 at any
    difference and shows the first one in context.

    An analog core hears clips of words: features, currents, cells, classes and charge of every frame must agree, and
    the vote of every clip. --noise, --mismatch and --bias-error switch its non-idealities on.

    Examples: remora simulate mnist --limit 500 --json result.json · remora simulate mnist --learn · remora simulate
    tiny --waves tiny.vcd · remora simulate kws --noise --json kws.json
    """
    from spec.analog import AnalogDesign
    from spec.presets import load_design
    from spec.section import Design

    design = load_design(config, Design)
    if isinstance(design, AnalogDesign):
        from flow.commands.simulate_analog import simulate_core

        if learn:
            raise RemoraError(f"--learn: '{config}' is an analog core, which is trained offline; leave --learn out")
        switched = {"noise": noise, "mismatch": mismatch, "bias_error": bias_error}
        simulate_core(
            design, data, limit, seed, checkpoint, stall, switched, paced, _vcd(waves) if waves else None, keep, json
        )
        return
    if noise or mismatch or bias_error or paced:
        raise RemoraError(
            f"--noise, --mismatch, --bias-error and --paced are of the analog core, '{config}' is a crossbar accelerator"
        )
    from flow.simulate import result_table, simulate
    from flow.train import train_network
    from golden.checkpoint import load_checkpoint
    from spec.presets import parse_design

    if learn:
        content = design.model_dump()
        design = parse_design(content | {"learning": content["learning"] | {"enabled": True}}, f"{config} with --learn")
    waves = _vcd(waves) if waves else None
    # Written first, so that a place that cannot be written to is known before the work, and a run that dies leaves its
    # word.
    failed = {
        "design": design.name,
        "design_hash": design.hash,
        "steps_compared": 0,
        "mismatches": None,
        "error": "it did not end",
    }
    write_json(json, failed)
    training, test = _sequences(design, data, limit, WAVES_LIMIT if waves else DEFAULT_LIMIT)
    if checkpoint:
        network = load_checkpoint(checkpoint, design)
    else:
        training = training.first(min(QUICK_SEQUENCES, len(training)))
        console().print(f"no checkpoint given: training {QUICK_PASSES} passes over {len(training):,} sequences")
        network = train_network(design, training, None, QUICK_PASSES)
    try:
        simulated = simulate(
            design,
            test,
            network,
            seed=seed,
            stall=stall,
            learn=learn,
            waves=waves,
            keep=keep.absolute() if keep else None,
        )
    except RemoraError as error:
        write_json(json, failed | {"error": str(error).splitlines()[0]})
        raise
    console().print(result_table(simulated.result))
    write_json(json, simulated.result)
    simulated.check()
    console().print("[bold green]hardware and golden agree exactly[/bold green]")


def _vcd(path: Path) -> Path:
    """The file for waveforms, refused unless its name says what it will hold."""
    if path.suffix != ".vcd":
        raise RemoraError(f"--waves {path}: waveforms are recorded as VCD; give a name that ends in .vcd")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.absolute()


def _sequences(design: DesignPoint, data: str, limit: int | None, default: int) -> tuple[SequenceSet, SequenceSet]:
    """Sequences to train on where there is no checkpoint, and those to simulate."""
    from golden.data import default_data, load, load_npz

    name = default_data(design) if data == "auto" else data
    if name in ("mnist", "synthetic"):
        training, test = load(design, name)
    else:
        # A file of the user's own is run as it is, so there is nothing apart to train on.
        training = test = load_npz(Path(name), design)
    count = limit or min(default, len(test))
    console().print(f"data: {name}, {count:,} of {len(test):,} sequences")
    return training, test.first(count)
