"""Generate, build, run and compare."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.generate.parts import Parts
from remora.flow.generate.scenario import Scenario
from remora.flow.report.console import table
from remora.flow.tools.build import wave_format
from remora.flow.tools.simulator import build, run
from remora.flow.verify.simulation import built, check, generate_for, run_directory, tidy
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.packets import Answer, Flag, encode_packet
from remora.spec.lib.registers import register_map
from remora.spec.lib.trace import record_types
from remora.tb.lib.scoreboard import Comparison, compare
from remora_perceptron.design import PerceptronDesign
from remora_perceptron.golden import draw_vectors, infer, initial_weights
from remora_perceptron.options import VECTORS, PerceptronSimulateOptions
from remora_perceptron.top import TILE, Perceptron

KIND = "answer"
TIMEOUT_CYCLES = 2000


def parts(design: PerceptronDesign, weights: NDArray[np.int16] | None) -> Parts:
    """The parts with these weights, or with the initial ones."""
    weights = initial_weights(design) if weights is None else weights
    words = weights.view(np.uint16)
    image = "".join(" ".join(f"{word:04x}" for word in row) + "\n" for row in words)
    return Parts(
        design, partial(Perceptron, design), macros=("remora_crossbar",), models=("remora_image",),
        scenario=partial(scenario, design, weights), images={TILE: image},
    )  # fmt: skip


def scenario(design: PerceptronDesign, weights: NDArray[np.int16]) -> Scenario:
    """The testbench: who the chip is, and a few answers."""
    made = Scenario(register_map(design), TIMEOUT_CYCLES, ("+remora_images=../images",))
    for name in ("ID", "HASH_LOW", "HASH_HIGH"):
        made.expect_word(name, made.registers[name].reset)
    vectors = draw_vectors(design, 8, design.seed, 255)
    for record, packet in zip(infer(design, weights, vectors), packets(vectors), strict=True):
        made.packet(int(record["tag"]), packet, "a vector")
        scores = tuple(record["scores"].tolist())
        made.answer(int(record["tag"]), Answer(int(record["tag"]), int(record["decision"]), Flag.INFER, scores))
    made.about.append(f"{len(vectors)} vectors are answered, and every score and class is compared.")
    made.stream()
    made.finish()
    return made


def packets(vectors: NDArray[np.uint8]) -> list[bytes]:
    """A packet for each vector."""
    return [encode_packet(vector[None], tag=index % 256) for index, vector in enumerate(vectors)]


@dataclass(frozen=True)
class Simulated:
    """A simulation that has ended."""

    comparison: Comparison
    result: dict[str, Any]

    def table(self):
        """The result for a person."""
        shown = table("design", ">answers compared", ">mismatches")
        shown.add_row(*(f"{self.result[name]}" for name in ("design", "compared", "mismatches")))
        return shown

    def check(self) -> None:
        """Raise ``CheckFailed`` unless answers were compared and agree."""
        check(self.comparison, (KIND,))


def simulate(design: PerceptronDesign, options: PerceptronSimulateOptions) -> Simulated:
    """Run random vectors on the hardware and compare every answer with golden."""
    if options.data not in ("auto", "synthetic"):
        raise RemoraError(f"--data {options.data}: a perceptron takes synthetic")
    if options.stall or options.checkpoint:
        raise RemoraError("--stall, --checkpoint: a perceptron has none; leave them out")
    weights = initial_weights(design)
    vectors = draw_vectors(design, options.limit or VECTORS, options.seed, options.largest)
    generated = generate_for(parts(design, weights))
    waves, keep = options.waves, options.keep
    sources = [generated.netlist, *generated.models]
    made = built(partial(build, sources, generated.sidecar["top"], name=design.name, waves=wave_format(waves)))
    with run_directory(design.name, keep and keep.absolute()) as directory:
        run(
            made, "remora_perceptron.bench", config={"packets": [packet.hex() for packet in packets(vectors)]},
            seed=options.seed, run_dir=directory, waves=waves and waves.absolute(),
            plusargs=[f"+remora_images={generated.images.absolute()}"],
        )  # fmt: skip
        answers = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    found = np.array([tuple(answer) for answer in answers], record_types(design)[KIND])
    comparison = compare({KIND: infer(design, weights, vectors)}, {KIND: found})
    tidy(directory, keep, comparison)
    counted = {"compared": comparison.compared[KIND], "mismatches": comparison.total_mismatches}
    return Simulated(comparison, {"design": design.name, "design_hash": design.hash, **counted})
