"""`remora simulate` and `remora train` of a BMRU design."""

from __future__ import annotations

from remora.flow.report.console import console
from remora.flow.report.notes import say_notes
from remora.flow.systems.bmru.options import DEFAULT_CLIPS, WAVES_CLIPS, BmruSimulateOptions, BmruTrainOptions
from remora.flow.systems.bmru.recording import keyword_recording, synthetic_recording, takes_keywords
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.simulate import simulate_bmru
from remora.flow.systems.bmru.train import train_keywords
from remora.flow.verify.simulation import Simulated
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.errors import RemoraError


def simulate_with(design: BmruDesign, options: BmruSimulateOptions) -> Simulated[BmruCase]:
    """Find clips and a network as the options say, and simulate.

    Raises:
        RemoraError: the options do not fit, or what they name; whatever the parts raise.
    """
    data, checkpoint = options.data, options.checkpoint
    if data not in ("auto", "keywords", "synthetic"):
        raise RemoraError(f"--data {data}: a BMRU accelerator takes keywords or synthetic, or auto for what fits")
    spotting = data == "keywords" or (data == "auto" and takes_keywords(design))
    if checkpoint and not spotting:
        raise RemoraError(
            f"--checkpoint {checkpoint}: codes are random where features are synthetic; leave it out or use clips of "
            "words: --data keywords"
        )
    switches = ("noise", "mismatch", "bias_error")
    design = design.evolve(nonidealities={name: True for name in switches if getattr(options, name)})
    say_notes(design)
    clips = options.limit or (WAVES_CLIPS if options.waves or options.toggles or options.gates else DEFAULT_CLIPS)
    if spotting:
        recording = keyword_recording(design, clips, checkpoint, options.stream)
    else:
        recording = synthetic_recording(design, clips, options.seed, options.stream)
    console().print(f"data: {recording.origin}, {len(recording.features):,} clips")
    return simulate_bmru(
        design,
        recording,
        seed=options.seed,
        stall=options.stall,
        paced=options.paced,
        waves=options.waves and options.waves.absolute(),
        toggles=options.toggles and options.toggles.absolute(),
        gates=options.gates,
        keep=options.keep and options.keep.absolute(),
    )


def train_with(design: BmruDesign, options: BmruTrainOptions) -> dict:
    """Train as the options say, print what came of it, and return it.

    Raises:
        RemoraError: whatever the parts raise.
    """
    say_notes(design)
    return train_keywords(design, options.output, options.normalisation, options.seed)
