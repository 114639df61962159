"""Memory images of the generated directory: what they hold, and their size where macros are larger than tiles."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.generate.directory import Generated
from remora.flow.systems.bmru.scan_words import scan_words
from remora.flow.systems.registry import generate
from remora.golden.bmru.random_codes import random_codes
from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import chain_bits, check_word
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles
from remora.spec.presets import load_design
from tests.flow.generate.test_generate import lint
from tests.readers import slang


def read_images(generated: Generated) -> dict[Layer, np.ndarray]:
    """Both layers' weights as the images hold them."""
    design = generated.design
    shapes = {
        Layer.HIDDEN: (design.hidden_rows, design.network.hidden),
        Layer.READOUT: (design.readout_rows, design.network.classes),
    }
    layers = {layer: np.full(shape, 99, np.int16) for layer, shape in shapes.items()}
    for tile in all_tiles(design):
        words = (
            (generated.directory / generated.sidecar["files"]["images"][tile.name]).read_text(encoding="utf-8").split()
        )
        values = np.array([int(word, 16) for word in words], np.uint16).view(np.int16)
        of_macro = values.reshape(tile.macro_rows, tile.macro_columns)
        layers[tile.layer][tile.row_slice, tile.column_slice] = of_macro[: tile.rows, : tile.columns]
        of_macro[: tile.rows, : tile.columns] = 0
        assert not of_macro.any()
    return layers


def test_images_hold_the_weights(tmp_path):
    design = load_design("tiny", DesignPoint)
    for weights in (None, random_weights(design, 5)):
        layers = read_images(generate(design, tmp_path / "one", weights))
        wanted = weights or initial_weights(design)
        np.testing.assert_array_equal(layers[Layer.HIDDEN], wanted.hidden)
        np.testing.assert_array_equal(layers[Layer.READOUT], wanted.readout)


def test_the_image_of_a_bmru_accelerator_holds_its_codes(tmp_path):
    design = load_design("kws", BmruDesign)
    codes = random_codes(design, 5)
    generated = generate(design, tmp_path, codes)
    path = tmp_path / generated.sidecar["files"]["images"]["codes"]
    words = [int(line, 16) for line in path.read_text(encoding="utf-8").split()]
    assert words == [*scan_words(codes), check_word(codes.chain())] and len(words) == -(-chain_bits(design) // 32) + 1


def test_images_hold_the_thresholds(tmp_path):
    design = DesignPoint(name="cells", network={"hidden": 7}, cell={"kind": "bmru"}, crossbar={"columns": 4})
    weights = random_weights(design, 5)
    generated = generate(design, tmp_path / "one", weights)
    files = [generated.sidecar["files"]["images"][name] for name in ("hidden_cells_0", "hidden_cells_1")]
    words = " ".join((generated.directory / name).read_text(encoding="utf-8") for name in files).split()
    pairs = np.array([int(word, 16) for word in words], np.uint32).view(np.int32).reshape(-1, 2)
    np.testing.assert_array_equal(pairs.T, weights.thresholds)
    np.testing.assert_array_equal(read_images(generated)[Layer.HIDDEN], weights.hidden)


@pytest.mark.parametrize("kind", ["miru", "bmru"])
def test_macros_larger_than_their_tiles(kind, tmp_path):
    """Lint and slang find every pin connected in its width; images and sidecar have the size of the macro."""
    larger = {"macro_rows": 9, "macro_columns": 6}
    design = load_design("tiny", DesignPoint).evolve(name="larger", cell={"kind": kind}, crossbar=larger)
    made = generate(design, tmp_path)
    assert lint(made) == ""
    files = made.sidecar["files"]
    assert slang([tmp_path / name for name in (files["netlist"], *files["models"])], made.sidecar["top"]) == ""
    layers, weights, tiles = read_images(made), initial_weights(design), made.sidecar["tiles"]
    np.testing.assert_array_equal(layers[Layer.HIDDEN], weights.hidden)
    np.testing.assert_array_equal(layers[Layer.READOUT], weights.readout)
    assert len(tiles) == len(all_tiles(design))
    assert all({name: tile[name] for name in larger} == larger for tile in tiles)
