"""The BMRU accelerators of bistable cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remora.flow.systems.options import FaultsOptions, Options
from remora.flow.systems.system import System

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from remora.flow.generate.parts import Parts
    from remora.flow.systems.bmru.faults import BmruFaultBench
    from remora.flow.systems.bmru.options import BmruImportOptions, BmruSimulateOptions, BmruTrainOptions
    from remora.flow.systems.bmru.run import BmruCase
    from remora.flow.systems.bmru.soak.soaker import BmruSoaker
    from remora.flow.verify.harness import Harness
    from remora.flow.verify.simulation import Simulated
    from remora.golden.bmru.codes import BmruCodes
    from remora.golden.lib.bmru_network import BmruNetwork
    from remora.spec.bmru.design import BmruDesign


class BmruSystem(System["BmruDesign", "BmruCodes"]):
    """A controller around a BMRU accelerator that spots a keyword."""

    name, title = "bmru", "BMRU accelerators"
    noun, plural = "a BMRU accelerator", "BMRU accelerators"

    @property
    def design(self) -> type[BmruDesign]:
        """`BmruDesign`."""
        from remora.spec.bmru.design import BmruDesign

        return BmruDesign

    def figures(self, design: BmruDesign) -> dict[str, int]:
        """Sizes of the network, cells and learned parameters."""
        network = design.network
        return network.model_dump() | {"cells": network.cells, "parameters": network.parameters}

    def load_content(self, design: BmruDesign, checkpoint: Path | None) -> BmruCodes | None:
        """Codes of a trained network: that of a file, else the bundled one, else None."""
        from remora.flow.systems.bmru.generate import load_codes

        return load_codes(design, checkpoint)

    def parts(self, design: BmruDesign, content: BmruCodes | None) -> Parts:
        """The parts with these codes; None leaves their image out."""
        from remora.flow.systems.bmru.generate import bmru_parts

        return bmru_parts(design, content)

    def harness(self, design: BmruDesign, probes: Mapping[str, Mapping[str, Any]]) -> Harness:
        """As `remora.flow.systems.bmru.harness.bmru_harness`."""
        from remora.flow.systems.bmru.harness import bmru_harness

        return bmru_harness(design, probes)

    def options(self, command: str) -> type[Options] | None:
        """Those of `remora.flow.systems.bmru.options`, and the common ones."""
        from remora.flow.systems.bmru.options import (
            BmruGenerateOptions,
            BmruImportOptions,
            BmruSimulateOptions,
            BmruTrainOptions,
        )

        found: dict[str, type[Options]] = {
            "generate": BmruGenerateOptions,
            "simulate": BmruSimulateOptions,
            "train": BmruTrainOptions,
            "import": BmruImportOptions,
            "faults": FaultsOptions,
        }
        return found.get(command)

    def simulate(self, design: BmruDesign, options: BmruSimulateOptions) -> Simulated[BmruCase]:
        """As `remora.flow.systems.bmru.commands.simulate_with`."""
        from remora.flow.systems.bmru.commands import simulate_with

        return simulate_with(design, options)

    def train(self, design: BmruDesign, options: BmruTrainOptions) -> dict:
        """As `remora.flow.systems.bmru.commands.train_with`."""
        from remora.flow.systems.bmru.commands import train_with

        return train_with(design, options)

    def load_checkpoint(self, design: BmruDesign, path: Path) -> BmruNetwork:
        """A `BmruNetwork`, in floating point."""
        from remora.golden.lib.bmru_network import load_network

        return load_network(path)

    def save_checkpoint(self, path: Path, design: BmruDesign, network: BmruNetwork) -> None:
        """Write a `BmruNetwork`."""
        from remora.golden.lib.bmru_network import save_network

        save_network(path, network)

    def import_weights(
        self, design: BmruDesign, arrays: Mapping[str, ArrayLike], metadata: dict | None = None
    ) -> BmruNetwork:
        """The network of arrays named as `BmruNetwork.arrays` names them, of the design point's sizes."""
        from remora.golden.bmru.codes import export_network
        from remora.golden.lib.bmru_network import BmruNetwork

        network = BmruNetwork.from_arrays(arrays, metadata)
        export_network(design, network)
        return network

    def import_file(self, design: BmruDesign, file: Path, options: BmruImportOptions) -> dict:
        """As `remora.flow.systems.bmru.importing.import_file`."""
        from remora.flow.systems.bmru.importing import import_file

        return import_file(design, file, options)

    def infer(self, design: BmruDesign, network: BmruNetwork | None, features: NDArray) -> NDArray[np.int64]:
        """The vote of each clip over all its frames; ``features`` are codes of the DACs. The bundled network where
        ``network`` is None.

        Raises:
            KeywordError: none is given, and none is bundled for the design point.
        """
        from remora.flow.systems.bmru.networks import bundled_network
        from remora.golden.bmru.codes import export_network
        from remora.golden.bmru.core import BmruCore
        from remora.golden.lib.bmru import vote

        codes = export_network(design, network or bundled_network(design)).codes
        return vote(BmruCore(design, codes).run(features).decision, design.network.classes)

    def soaker(self) -> BmruSoaker:
        """As `remora.flow.systems.bmru.soak.soaker`."""
        from remora.flow.systems.bmru.soak.soaker import BmruSoaker

        return BmruSoaker()

    def fault_bench(self, design: BmruDesign, options: FaultsOptions) -> BmruFaultBench:
        """Faults of the generated netlist and of the model of the core."""
        from remora.flow.systems.bmru.faults import BmruFaultBench

        return BmruFaultBench(design, options.seed)


BMRU = BmruSystem()
