"""``remora simulate`` of an analog design point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flow.console import console, write_json
from spec.errors import RemoraError

if TYPE_CHECKING:
    from spec.analog import AnalogDesign

DEFAULT_CLIPS = 100
WAVES_CLIPS = 1


def simulate_core(
    design: AnalogDesign,
    data: str,
    limit: int | None,
    seed: int,
    checkpoint: Path | None,
    stall: float,
    switched: dict[str, bool],
    paced: bool,
    waves: Path | None,
    keep: Path | None,
    json: Path | None,
) -> None:
    """Simulate, print, write the result; arguments as of the command.

    Raises:
        RemoraError: an option does not fit; whatever the parts raise.
        CheckFailed: something differs.
    """
    from flow.analog_simulate import (
        analog_table,
        keyword_recording,
        simulate_analog,
        synthetic_recording,
        takes_keywords,
    )
    from spec.analog import with_nonidealities

    if data not in ("auto", "keywords", "synthetic"):
        raise RemoraError(f"--data {data}: an analog core takes keywords or synthetic, or auto for what fits")
    design = with_nonidealities(design, **{name: True for name, on in switched.items() if on})
    failed = {
        "design": design.name,
        "design_hash": design.hash,
        "frames_compared": 0,
        "mismatches": None,
        "error": "it did not end",
    }
    # Written first, so that a place that cannot be written to is known before the work, and a run that dies leaves its
    # word.
    write_json(json, failed)
    clips = limit or (WAVES_CLIPS if waves else DEFAULT_CLIPS)
    try:
        if data == "keywords" or (data == "auto" and takes_keywords(design)):
            recording = keyword_recording(design, clips, checkpoint)
        else:
            recording = synthetic_recording(design, clips, seed)
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
    except RemoraError as error:
        write_json(json, failed | {"error": str(error).splitlines()[0]})
        raise
    console().print(analog_table(simulated.result))
    write_json(json, simulated.result)
    simulated.check()
    console().print("[bold green]hardware and golden agree exactly[/bold green]")
