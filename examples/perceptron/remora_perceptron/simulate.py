"""Generate, build, run and compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.generate.parts import CROSSBAR_MODELS, Parts
from remora.flow.generate.scenario import Scenario
from remora.flow.verify.harness import Harness
from remora.flow.verify.records import ANSWER, Check, answer_records
from remora.flow.verify.run import Found, RunCase, Stretch
from remora.flow.verify.simulation import Simulated, agreement_table, compared_values, simulate_case
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text
from remora.spec.lib.packets import Answer, Flag, encode_packet
from remora.spec.lib.registers import register_map
from remora_perceptron.design import PerceptronDesign
from remora_perceptron.golden import draw_vectors, infer, initial_weights
from remora_perceptron.options import VECTORS, PerceptronSimulateOptions
from remora_perceptron.top import TILE, Perceptron

if TYPE_CHECKING:
    from rich.table import Table

TIMEOUT_CYCLES = 2000


def parts(design: PerceptronDesign, weights: NDArray[np.int16] | None) -> Parts:
    """The parts with these weights, or with the initial ones."""
    weights = initial_weights(design) if weights is None else weights
    return Parts(
        design, partial(Perceptron, design), macros=("remora_crossbar",), models=CROSSBAR_MODELS,
        scenario=partial(scenario, design, weights), images={TILE: image(weights)},
    )  # fmt: skip


def image(weights: NDArray[np.int16]) -> str:
    """The memory image of the crossbar."""
    return "".join(" ".join(f"{word:04x}" for word in row) + "\n" for row in weights.view(np.uint16))


def harness(design: PerceptronDesign, probes: Mapping[str, Mapping[str, Any]]) -> Harness:
    """Nothing stands around a perceptron but what stands around every design."""
    return Harness()


def scenario(design: PerceptronDesign, weights: NDArray[np.int16]) -> Scenario:
    """The testbench: who the chip is, and a few answers."""
    made = Scenario(register_map(design), TIMEOUT_CYCLES, ("+remora_images=../images",))
    made.identify()
    vectors = draw_vectors(design, 8, design.seed, 255)
    for packet, answer in zip(packets(vectors), answers(infer(design, weights, vectors)), strict=True):
        made.packet(answer.tag, packet, "a vector")
        made.answer(answer.tag, answer)
    made.about.append(f"{len(vectors)} vectors are answered, and every score and class is compared.")
    made.stream()
    made.finish()
    return made


def packets(vectors: NDArray[np.uint8]) -> list[bytes]:
    """A packet for each vector."""
    return [encode_packet(vector[None], tag=index % 256) for index, vector in enumerate(vectors)]


def answers(records: NDArray) -> list[Answer]:
    """Golden's records as the answers of the hardware."""
    rows = zip(*(records[name].tolist() for name in ("tag", "decision", "scores")), strict=True)
    return [Answer(tag, decision, Flag.INFER, tuple(scores)) for tag, decision, scores in rows]


class PerceptronCase(RunCase):
    """Vectors through the hardware, of which every answer is compared."""

    MODULE, PROGRESS = "remora_perceptron.bench", ANSWER
    traced = False

    def __init__(self, design: PerceptronDesign, weights: NDArray[np.int16], vectors: NDArray[np.uint8]) -> None:
        super().__init__()
        self.design, self.classes = design, design.network.classes
        self.weights, self.vectors = weights, vectors

    def prepare(self, directory: Path) -> dict[str, Any]:
        """See the base; writes the weights as a memory image."""
        write_text(directory / f"{TILE}.hex", image(self.weights))
        return {"packets": [packet.hex() for packet in packets(self.vectors)]}

    def timeout_cycles(self, stall: float) -> int:
        """See the base."""
        return TIMEOUT_CYCLES

    def plusargs(self, directory: Path) -> list[str]:
        """See the base."""
        return [f"+remora_images={directory}"]

    def stretches(self, directory: Path) -> Iterator[Stretch]:
        """See the base; all at once."""
        expected = answers(infer(self.design, self.weights, self.vectors))
        yield Stretch({ANSWER: answer_records(self.classes, expected)}, last=True)

    def checks(self, found: Found) -> Iterator[Check]:
        """See the base: nothing besides."""
        return iter(())

    def required(self, stalled: bool) -> tuple[str, ...]:
        """See the base."""
        return (ANSWER,)


def simulate(design: PerceptronDesign, options: PerceptronSimulateOptions) -> Simulated[PerceptronCase]:
    """Run random vectors on the hardware and compare every answer with golden."""
    if options.data not in ("auto", "synthetic"):
        raise RemoraError(f"--data {options.data}: a perceptron takes synthetic")
    if options.stall or options.checkpoint:
        raise RemoraError("--stall, --checkpoint: a perceptron has none; leave them out")
    weights = initial_weights(design)
    vectors = draw_vectors(design, options.limit or VECTORS, options.seed, options.largest)
    run = simulate_case(
        parts(design, weights), harness, PerceptronCase(design, weights, vectors), count=len(vectors), unit="vectors",
        seed=options.seed, waves=options.waves and options.waves.absolute(),
        toggles=options.toggles and options.toggles.absolute(),
        keep=options.keep and options.keep.absolute(),
    )  # fmt: skip
    counted = {"answers_compared": run.comparison.compared[ANSWER], **compared_values(run.comparison)}
    return Simulated(run, {"design": design.name, "design_hash": design.hash, **counted}, result_table)


def result_table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    compared = "answers compared", f"{result['answers_compared']:,}"
    return agreement_table(result, ("core", "perceptron"), compared)
