"""`remora import` of a BMRU accelerator: read another program's network, save it, and compare codes with float."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from remora.flow.report.console import console, table
from remora.flow.report.provenance import provenance
from remora.flow.systems.bmru.evaluation import Spotter, balanced, evaluate
from remora.flow.systems.bmru.networks import check_design, check_normalisation, load_clips, require_both
from remora.flow.systems.bmru.options import BmruImportOptions
from remora.golden.bmru.codes import CodesError, export_network
from remora.golden.data.keywords import KEYWORD
from remora.golden.data.normalisation import fit_normaliser
from remora.golden.lib.bmru_network import BmruNetwork, NetworkError, save_network
from remora.golden.lib.tensor_file import TensorFileError, read_tensors
from remora.spec.bmru.design import BmruDesign


def import_file(design: BmruDesign, file: Path, options: BmruImportOptions) -> dict[str, Any]:
    """Import as the options say, print what came of it, and return it.

    Raises:
        RemoraError: the file holds no network of the design point, or the options or the clips do not fit.
    """
    check_design(design)
    check_normalisation(options.normalisation)
    read = read_tensors(file)
    try:
        network = BmruNetwork.from_arrays(read.arrays)
        export_network(design, network)
    except (NetworkError, CodesError) as error:
        raise TensorFileError(f"{file}: {error}") from error
    clips = load_clips()
    training, unseen = clips.of("train", "validation"), clips.of("test")
    require_both(unseen)
    network.metadata.update(fit_normaliser(options.normalisation, training.x).metadata())
    network.metadata["imported"] = {"file": file.name}
    spotter = Spotter(design, network, unseen)
    found = evaluate(spotter)
    accuracy = {name: balanced(found[name], KEYWORD) for name in ("float", "codes")}
    blocks = np.mean(spotter.in_float.states == spotter.in_codes.state, axis=(0, 1, 3)).tolist()
    save_network(options.output, network)
    _show(found, accuracy, blocks, spotter.export.saturated)
    console().print(f"network: {options.output}", markup=False, soft_wrap=True)
    result: dict[str, Any] = {"file": str(file), "checkpoint": str(options.output), "design": design.name}
    result |= {"design_hash": design.hash, "kind": "BMRU", "normalisation": options.normalisation}
    result |= {f"{name}_balanced_accuracy": value for name, value in accuracy.items()}
    layers = {f"blocks.{number}": {"bits_alike": share} for number, share in enumerate(blocks)}
    result |= {"agreement": found["alike"] / found["clips"], "layers": layers, "test": found}
    return result | {"saturated_parameters": spotter.export.saturated} | provenance()


def _show(found: dict[str, Any], accuracy: dict[str, float], blocks: list[float], saturated: dict[str, int]) -> None:
    shown = table(f"{found['clips']} unseen clips", ">balanced accuracy", ">decides as float")
    shown.add_row("float", f"{accuracy['float']:.1%}", "")
    shown.add_row("codes", f"{accuracy['codes']:.1%}", f"{found['alike'] / found['clips']:.1%}")
    console().print(shown)
    layers = table("codes against float", ">same")
    for number, share in enumerate(blocks):
        layers.add_row(f"state bits of block {number}", f"{share:.2%}")
    layers.add_row("class of a frame", f"{found['frames_alike'] / found['frames']:.2%}")
    console().print(layers)
    console().print(f"{found['saturated']:,} features beyond the largest code of their DAC")
    for group, count in saturated.items():
        console().print(f"{group}: {count} parameters lie beyond the last code, and are saturated", style="yellow")
