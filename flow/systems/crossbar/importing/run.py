"""Import: read another program's network, calibrate it, tune it where asked, save it and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.report.console import console
from remora.flow.report.notes import say_notes
from remora.flow.report.provenance import provenance
from remora.flow.systems.crossbar.importing.fine_tuning import fine_tune
from remora.flow.systems.crossbar.importing.tables import accuracy_table, histogram_table, layers_table
from remora.flow.systems.crossbar.options import CrossbarImportOptions
from remora.golden.crossbar.inference import infer
from remora.golden.data.load import SequenceSet, load
from remora.golden.learning.checkpoint import Checkpoint, save_checkpoint
from remora.golden.lib.tensor_file import TensorFileError, read_tensors
from remora.golden.offline.bistable_report import bistable_scores, report_bistable
from remora.golden.offline.calibration import calibrate
from remora.golden.offline.crossbar_import import ImportedWeightsError, import_network
from remora.golden.offline.float_run import float_model, float_scores
from remora.golden.offline.foreign_names import ForeignNetwork, ForeignNetworkError, read_names
from remora.golden.offline.layer_report import LayerReport, report_layers
from remora.spec.crossbar.design import DesignPoint

REPORTED = 500
"""Test sequences whose conversions are compared; decisions are compared on all."""
PART = 4
"""Calibration takes one of so many training sequences at most."""


@dataclass(frozen=True)
class Imported:
    """A network as codes, ready to be saved.

    Attributes:
        network: the chosen one.
        stages: what it is called → other networks on the way, in the order in which they were made, the chosen last.
        layers: of the network before any fine-tuning.
        float_decisions: of the test set.
        calibration: for JSON.
        passes: accuracies on the calibration's part after each pass of fine-tuning, before the first at the front.
    """

    network: Checkpoint
    stages: Mapping[str, Checkpoint]
    layers: tuple[LayerReport, ...]
    float_decisions: NDArray[np.int64]
    calibration: dict[str, Any]
    passes: tuple[float, ...] = ()


def import_file(design: DesignPoint, file: Path, options: CrossbarImportOptions) -> dict[str, Any]:
    """Import as the options say, print what came of it, and return it.

    Raises:
        RemoraError: the file holds no network of the design point, or the options or the data do not fit.
    """
    if design.capabilities.bistable:
        why = f"'{options.origin}' has bistable cells, whose import neither calibrates nor tunes"
        options.refuse(("fine_tune", "calibrate"), why)
    say_notes(design)
    read = read_tensors(file)
    try:
        foreign = read_names(read.arrays)
        if design.capabilities.bistable == ("recurrent" in foreign.arrays):
            cells = "bistable cells" if design.capabilities.bistable else "MiRU cells"
            raise ForeignNetworkError(
                f"it is a network of another cell ({foreign.kind}) than '{design.name}', which has {cells}: choose "
                "another design point"
            )
        import_network(design, foreign.arrays)
    except (ForeignNetworkError, ImportedWeightsError) as error:
        raise TensorFileError(f"{file}: {error}") from error
    training, test = load(design, options.data)
    part = training.first(max(1, min(options.calibrate, len(training) // PART)))
    console().print(f"{file.name}: {foreign.kind}, {', '.join(filter(None, foreign.names.values()))}", markup=False)
    metadata = {"imported": {"file": file.name, "kind": foreign.kind, "names": foreign.names}}
    make = _import_bistable if design.capabilities.bistable else _import_miru
    found = make(design, foreign, metadata, training, part, test, options.fine_tune)
    save_checkpoint(options.output, design, found.network)
    result = _result(design, foreign, found, test, min(REPORTED, len(test)))
    _show(result, found, options.output)
    return {"file": str(file), "checkpoint": str(options.output)} | result | provenance(design.learning.seed)


def _import_miru(
    design: DesignPoint, foreign: ForeignNetwork, metadata: dict, training: SequenceSet, part: SequenceSet,
    test: SequenceSet, passes: int,
) -> Imported:  # fmt: skip
    with console(stderr=True).status("calibrating"):
        chosen = calibrate(design, foreign.arrays, part, metadata)
        model = float_model(design, foreign.arrays)
        decisions = float_scores(design, model, test).argmax(axis=1)
    stages = {"nearest levels": chosen.plain, "readout scaled": chosen.scaled, "calibrated": chosen.best}
    network = chosen.best
    history: tuple[float, ...] = ()
    if passes:
        rest = training.where(slice(len(part), None)) if len(training) > len(part) else training
        network, history = fine_tune(design, network, rest, part, passes)
        stages["fine-tuned"] = network
    # Training leaves the float network behind: what the import itself did to each layer is what is reported.
    layers = report_layers(design, model, chosen.best, test.first(min(REPORTED, len(test))), chosen.chosen.scale)
    about = {
        "sequences": chosen.sequences,
        "scale": chosen.chosen.scale,
        "compensated": chosen.chosen.compensated,
        "agreement": chosen.chosen.agreement,
        "trials": [vars(trial) for trial in chosen.trials],
    }
    return Imported(network, stages, layers, decisions, about, history)


def _import_bistable(
    design: DesignPoint, foreign: ForeignNetwork, metadata: dict, training: SequenceSet, part: SequenceSet,
    test: SequenceSet, passes: int,
) -> Imported:  # fmt: skip
    network = import_network(design, foreign.arrays, metadata)
    decisions = bistable_scores(design, foreign.arrays, test).argmax(axis=1)
    layers = report_bistable(design, foreign.arrays, network, test.first(min(REPORTED, len(test))))
    return Imported(network, {"codes": network}, layers, decisions, {})


def _result(
    design: DesignPoint, foreign: ForeignNetwork, found: Imported, test: SequenceSet, reported: int
) -> dict[str, Any]:
    stages = {}
    for name, network in found.stages.items():
        decided = infer(design, network.weights, test.x, test.lengths, network.coefficients).decision
        stages[name] = {
            "accuracy": float(np.mean(decided == test.y)),
            "agreement": float(np.mean(decided == found.float_decisions)),
        }
    last = [*stages.values()][-1]
    return {
        "design": design.name,
        "design_hash": design.hash,
        "kind": foreign.kind,
        "names": foreign.names,
        "test_sequences": len(test),
        "float_accuracy": float(np.mean(found.float_decisions == test.y)),
        "codes_accuracy": last["accuracy"],
        "agreement": last["agreement"],
        "stages": stages,
        "calibration": found.calibration,
        "fine_tuning": list(found.passes),
        "layers_compared_on": reported,
        "layers": {layer.name: layer.as_dict() for layer in found.layers},
        "remarks": list(found.network.remarks),
    }


def _show(result: dict[str, Any], found: Imported, output: Path) -> None:
    console().print(accuracy_table(result))
    if scale := result["calibration"].get("scale"):
        kind = "rounding compensated" if result["calibration"]["compensated"] else "each weight its nearest level"
        console().print(
            f"readout scaled by {scale:.3g}, {kind}: chosen by the decisions on "
            f"{result['calibration']['sequences']:,} training sequences"
        )
    console().print(layers_table(found.layers, result["layers_compared_on"]))
    console().print(histogram_table(found.layers))
    for remark in found.network.remarks:
        console().print(remark, style="yellow", markup=False, soft_wrap=True)
    console().print(f"checkpoint: {output}", markup=False, soft_wrap=True)
