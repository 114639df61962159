"""``remora simulate`` of an analog design point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.console import console, write_json
from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    from remora.spec.bmru.design import AnalogDesign


def simulate_core(
    design: AnalogDesign,
    data: str,
    clips: int,
    seed: int,
    checkpoint: Path | None,
    stall: float,
    switched: dict[str, bool],
    paced: bool,
    stream: bool,
    waves: Path | None,
    keep: Path | None,
    json: Path | None,
) -> None:
    """Simulate, print, write the result; arguments as of the command.

    Raises:
        RemoraError: an option does not fit; whatever the parts raise.
        CheckFailed: something differs.
    """
    from remora.flow.report.notes import say_notes
    from remora.flow.systems.bmru.recording import keyword_recording, synthetic_recording, takes_keywords
    from remora.flow.systems.bmru.simulate import analog_table, simulate_analog
    from remora.flow.verify.simulation import check_kept

    if data not in ("auto", "keywords", "synthetic"):
        raise RemoraError(f"--data {data}: an analog core takes keywords or synthetic, or auto for what fits")
    spotting = data == "keywords" or (data == "auto" and takes_keywords(design))
    if checkpoint and not spotting:
        raise RemoraError(
            f"--checkpoint {checkpoint}: codes are random where features are synthetic; leave it out or use clips of "
            "words: --data keywords"
        )
    design = design.evolve(nonidealities={name: True for name, on in switched.items() if on})
    say_notes(design)
    check_kept(keep)
    if spotting:
        recording = keyword_recording(design, clips, checkpoint, stream)
    else:
        recording = synthetic_recording(design, clips, seed, stream)
    console().print(f"data: {recording.origin}, {len(recording.features):,} clips")
    simulated = simulate_analog(
        design,
        recording,
        seed=seed,
        stall=stall,
        paced=paced,
        waves=waves,
        keep=keep.absolute() if keep else None,
    )
    console().print(analog_table(simulated.result))
    write_json(json, simulated.result)
    simulated.check()
    console().print("[bold green]hardware and golden agree exactly[/bold green]")
