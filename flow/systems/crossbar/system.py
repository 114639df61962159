"""The crossbar accelerators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remora.flow.systems.options import BenchOptions, FaultsOptions, Options
from remora.flow.systems.system import System

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from remora.flow.generate.bodies import Bodies
    from remora.flow.generate.parts import Parts
    from remora.flow.systems.crossbar.faults import CrossbarFaultBench
    from remora.flow.systems.crossbar.options import (
        CrossbarImportOptions,
        CrossbarSimulateOptions,
        CrossbarTrainOptions,
    )
    from remora.flow.systems.crossbar.run import CrossbarCase
    from remora.flow.systems.crossbar.soak.soaker import CrossbarSoaker
    from remora.flow.verify.harness import Harness
    from remora.flow.verify.simulation import Simulated
    from remora.golden.crossbar.weights import Weights
    from remora.golden.learning.checkpoint import Checkpoint
    from remora.spec.crossbar.design import DesignPoint


class CrossbarSystem(System["DesignPoint", "Weights"]):
    """Crossbars of weights, with MiRU cells that learn on chip or with bistable cells."""

    name, noun, plural = "crossbar", "a crossbar accelerator", "crossbar accelerators"
    title = "Crossbar accelerators"

    @property
    def design(self) -> type[DesignPoint]:
        """`DesignPoint`."""
        from remora.spec.crossbar.design import DesignPoint

        return DesignPoint

    def figures(self, design: DesignPoint) -> dict[str, int]:
        """Sizes of the network, tiles and weights."""
        sizes = {size: getattr(design.network, size) for size in ("features", "hidden", "classes", "max_steps")}
        weights = design.macs_per_step + design.macs_per_readout
        return sizes | {"tiles": design.hidden_tiles + design.readout_tiles, "weights": weights}

    def load_content(self, design: DesignPoint, checkpoint: Path | None) -> Weights | None:
        """Weights of a checkpoint."""
        from remora.flow.systems.crossbar.generate import load_weights

        return load_weights(design, checkpoint) if checkpoint else None

    def parts(self, design: DesignPoint, content: Weights | None) -> Parts:
        """The parts with these weights, or with the initial ones of the design's seed."""
        from remora.flow.systems.crossbar.generate import crossbar_parts

        return crossbar_parts(design, content)

    def fpga_bodies(self, design: DesignPoint, content: Weights | None) -> Bodies:
        """As `remora.flow.systems.crossbar.fpga.bodies.crossbar_bodies`."""
        from remora.flow.systems.crossbar.fpga.bodies import crossbar_bodies

        return crossbar_bodies(design, content)

    def testbench_notes(self, design: DesignPoint) -> list[str]:
        """That it has no chip, where the design point has real devices."""
        from remora.flow.systems.crossbar.scenario import IDEAL_DEVICES

        return [] if design.devices.ideal else [IDEAL_DEVICES]

    def harness(self, design: DesignPoint, probes: Mapping[str, Mapping[str, Any]]) -> Harness:
        """As `remora.flow.systems.crossbar.harness.crossbar_harness`."""
        from remora.flow.systems.crossbar.harness import crossbar_harness

        return crossbar_harness(design, probes)

    def options(self, command: str) -> type[Options] | None:
        """Those of `remora.flow.systems.crossbar.options`, and the common ones."""
        from remora.flow.systems.crossbar.options import (
            CrossbarGenerateOptions,
            CrossbarImportOptions,
            CrossbarSimulateOptions,
            CrossbarTrainOptions,
        )

        found: dict[str, type[Options]] = {
            "generate": CrossbarGenerateOptions,
            "simulate": CrossbarSimulateOptions,
            "train": CrossbarTrainOptions,
            "import": CrossbarImportOptions,
            "faults": FaultsOptions,
            "bench": BenchOptions,
        }
        return found.get(command)

    def simulate(self, design: DesignPoint, options: CrossbarSimulateOptions) -> Simulated[CrossbarCase]:
        """As `remora.flow.systems.crossbar.commands.simulate_with`."""
        from remora.flow.systems.crossbar.commands import simulate_with

        return simulate_with(design, options)

    def train(self, design: DesignPoint, options: CrossbarTrainOptions) -> dict:
        """As `remora.flow.systems.crossbar.commands.train_with`."""
        from remora.flow.systems.crossbar.commands import train_with

        return train_with(design, options)

    def load_checkpoint(self, design: DesignPoint, path: Path) -> Checkpoint:
        """A `Checkpoint`: weights, gates, and what learning has gathered."""
        from remora.golden.learning.checkpoint import load_checkpoint

        return load_checkpoint(path, design)

    def save_checkpoint(self, path: Path, design: DesignPoint, network: Checkpoint) -> None:
        """Write a `Checkpoint`."""
        from remora.golden.learning.checkpoint import save_checkpoint

        save_checkpoint(path, design, network)

    def import_weights(
        self, design: DesignPoint, arrays: Mapping[str, ArrayLike], metadata: dict | None = None
    ) -> Checkpoint:
        """As `remora.golden.offline.crossbar_import.import_network`."""
        from remora.golden.offline.crossbar_import import import_network

        return import_network(design, arrays, metadata)

    def import_file(self, design: DesignPoint, file: Path, options: CrossbarImportOptions) -> dict:
        """As `remora.flow.systems.crossbar.importing.run.import_file`."""
        from remora.flow.systems.crossbar.importing.run import import_file

        return import_file(design, file, options)

    def infer(self, design: DesignPoint, network: Checkpoint | None, features: NDArray) -> NDArray[np.int64]:
        """Decisions for sequences of 8-bit features, unsigned unless ``network.feature_signed``."""
        from remora.golden.crossbar.inference import infer
        from remora.golden.crossbar.weights import initial_weights

        if network is None:
            return infer(design, initial_weights(design), features).decision
        coefficients, devices = network.coefficients, network.devices
        return infer(design, network.weights, features, coefficients=coefficients, devices=devices).decision

    def fault_bench(self, design: DesignPoint, options: FaultsOptions) -> CrossbarFaultBench:
        """Faults of the generated netlist."""
        from remora.flow.systems.crossbar.faults import CrossbarFaultBench

        return CrossbarFaultBench(design, options.seed)

    def soaker(self) -> CrossbarSoaker:
        """As `remora.flow.systems.crossbar.soak.soaker`."""
        from remora.flow.systems.crossbar.soak.soaker import CrossbarSoaker

        return CrossbarSoaker()

    def benchmark(self, design: DesignPoint, options: BenchOptions, say: Callable[[str], None]) -> dict:
        """As `remora.flow.systems.crossbar.bench.benchmark`."""
        from remora.flow.systems.crossbar.bench import benchmark

        return benchmark(design, options.sequences, options.repeats, say)


CROSSBAR = CrossbarSystem()
