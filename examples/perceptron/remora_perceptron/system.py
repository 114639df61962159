"""Perceptrons as Remora's commands see them."""

from __future__ import annotations

from pathlib import Path

from remora.flow.systems.options import GenerateOptions, Options
from remora.flow.systems.system import System
from remora.spec.lib.errors import RemoraError


class PerceptronSystem(System):
    """One crossbar layer with a decision."""

    name, noun = "perceptron", "a perceptron"
    plural, title = "perceptrons", "Perceptrons"
    presets = Path(__file__).with_name("presets")

    @property
    def design(self):
        """`PerceptronDesign`."""
        from remora_perceptron.design import PerceptronDesign

        return PerceptronDesign

    def figures(self, design) -> dict[str, int]:
        """Sizes and weights."""
        sizes = design.network.model_dump()
        return sizes | {"weights": sizes["features"] * sizes["classes"]}

    def load_content(self, design, checkpoint):
        """Initial weights only."""
        if checkpoint:
            raise RemoraError(f"--checkpoint {checkpoint}: a perceptron has none; leave it out")

    def parts(self, design, content):
        """Of the hardware with these weights."""
        from remora_perceptron.simulate import parts

        return parts(design, content)

    def harness(self, design, probes):
        """Around the hardware in simulation."""
        from remora_perceptron.simulate import harness

        return harness(design, probes)

    def options(self, command: str) -> type[Options] | None:
        """Perceptrons are generated and simulated."""
        from remora_perceptron.options import PerceptronSimulateOptions

        return {"generate": GenerateOptions, "simulate": PerceptronSimulateOptions}.get(command)

    def simulate(self, design, options):
        """Run random vectors and compare."""
        from remora_perceptron.simulate import simulate

        return simulate(design, options)


PERCEPTRON = PerceptronSystem()
