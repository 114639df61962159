"""What the generated directory of a crossbar design has of its own: memory images and tiles."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from remora.flow.generate.parts import CROSSBAR_MODELS, Parts
from remora.flow.report.notes import say_moved
from remora.flow.systems.crossbar.devices import of_macro, of_tile
from remora.flow.systems.crossbar.scenario import crossbar_scenario
from remora.flow.systems.crossbar.software import software_documents
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, in_devices, initial_weights
from remora.golden.learning.checkpoint import load_checkpoint
from remora.hdl.crossbar.probes import crossbar_probes
from remora.hdl.crossbar.top import Remora
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile, all_tiles, cell_groups, group_name, layer_layout
from remora.spec.lib.files import write_text


def crossbar_parts(design: DesignPoint, weights: Weights | None = None) -> Parts:
    """The parts of a design point.

    Args:
        weights: content of the memory images; the initial weights of the design's seed where None.
    """
    weights = weights or initial_weights(design)
    return Parts(
        design,
        partial(Remora, design),
        macros=("remora_crossbar", "remora_memory", *(["remora_bistable"] if design.capabilities.bistable else [])),
        scenario=partial(crossbar_scenario, design, weights),
        models=CROSSBAR_MODELS,
        probes=crossbar_probes(design),
        images=image_texts(design, weights),
        documents=software_documents(design),
        sidecar={"tiles": [_describe_tile(design, tile) for tile in all_tiles(design)]},
    )


def load_weights(design: DesignPoint, checkpoint: Path) -> Weights:
    """Weights of a checkpoint; prints what must be known to use them under this design point.

    Raises:
        CheckpointError: it does not fit the design point.
    """
    network, more = load_checkpoint(checkpoint, design), []
    own, after_reset = (each.registers(design) for each in (network.coefficients, Coefficients.of(design)))
    if own != after_reset:
        wanted = " and ".join(f"{name} = {value}" for name, value in own.items() if value != after_reset[name])
        more.append(f"write {wanted} after reset: these belong to the weights")
    say_moved(checkpoint, network, *more)
    return network.weights


def write_images(design: DesignPoint, weights: Weights, directory: Path) -> None:
    """Files for ``+remora_images=DIR``, ``<name>.hex`` each, as `image_texts` has them."""
    for name, text in image_texts(design, weights).items():
        write_text(directory / f"{name}.hex", text)


def image_texts(design: DesignPoint, weights: Weights) -> dict[str, str]:
    """Memory images by the instance that starts from each.

    A tile: weights in levels, 16-bit two's complement, row by row, those that the layer leaves over 0. A macro of
    bistable cells: low and high threshold of one cell after the other, 32-bit two's complement.
    """
    texts, held = {}, in_devices(design, weights)
    for tile in all_tiles(design):
        words = of_macro(tile, of_tile(held, tile)).astype(np.int16).view(np.uint16)
        texts[tile.name] = "\n".join(" ".join(f"{word:04x}" for word in row) for row in words) + "\n"
    if weights.thresholds is None:
        return texts
    for group in cell_groups(design):
        pairs = weights.thresholds[:, group.column_slice].T.astype(np.int32).view(np.uint32)
        texts[group_name(group)] = "\n".join(f"{low:08x} {high:08x}" for low, high in pairs) + "\n"
    return texts


def _describe_tile(design: DesignPoint, tile: Tile) -> dict:
    layer = tile.layer.name.lower()
    return {
        "path": f"core.{layer}.{tile.name}",
        "layer": layer,
        "index": tile.index,
        "rows": [tile.first_row, tile.first_row + tile.rows - 1],
        "columns": [tile.first_column, tile.first_column + tile.columns - 1],
        "macro_rows": tile.macro_rows,
        "macro_columns": tile.macro_columns,
        **({"spare_columns": tile.spares} if tile.spares else {}),
        "tiles_of_layer": len(layer_layout(design, tile.layer).tiles),
    }
