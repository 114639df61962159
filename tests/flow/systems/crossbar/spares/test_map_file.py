"""Maps of spare columns as files: what is written is read, and bad files are told in words."""

from __future__ import annotations

import json

import pytest

from remora.flow.systems.crossbar.spares.map_file import listed, read_spares
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from remora.spec.lib.errors import ConfigError, MissingError
from tests.golden.designs import make_design

DESIGN = make_design(
    network={"features": 3, "hidden": 7, "classes": 4},
    cell={"lanes": 1},
    crossbar={"columns": 4, "spare_columns": 2},
)
MAP = SpareMap.of(DESIGN, [Replacement(Layer.HIDDEN, 1, 0, 2), Replacement(Layer.READOUT, 0, 1, 3)])


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"found": [], "repairs": listed(DESIGN, MAP)}), encoding="utf-8")
    assert read_spares(path, DESIGN) == MAP
    path.write_text('{"repairs": []}', encoding="utf-8")
    assert read_spares(path, DESIGN) == SpareMap.idle(DESIGN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "expected a list 'repairs' of tables with layer, tile, spare, column"),
        ('{"repairs": 3}', "expected a list 'repairs'"),
        ('{"repairs": [{"layer": "hidden", "tile": 0, "spare": 0}]}', "repairs 1: expected a table with layer, tile"),
        (
            '{"repairs": [{"layer": "top", "tile": 0, "spare": 0, "column": 1}]}',
            "layer is 'top': there are hidden, rea",
        ),
        ('{"repairs": [{"layer": "hidden", "tile": 0, "spare": 0, "column": -1}]}', "column is -1; it must be a whole"),
        ('{"repairs": [{"layer": "hidden", "tile": 0, "spare": true, "column": 1}]}', "spare is True; it must be"),
        ('{"repairs": [{"layer": "hidden", "tile": 9, "spare": 0, "column": 1}]}', "spare 0 of tile 9 .* is not there"),
    ],
)
def test_a_bad_file_is_told_in_words(text, message, tmp_path):
    path = tmp_path / "map.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_spares(path, DESIGN)


def test_a_missing_file_and_a_design_without_spares(tmp_path):
    with pytest.raises(MissingError, match="is no file: give a map as JSON"):
        read_spares(tmp_path / "none.json", DESIGN)
    with pytest.raises(ConfigError, match="crossbar.spare_columns is 0, so no column can stand in"):
        read_spares(tmp_path / "none.json", DESIGN.evolve(crossbar={"spare_columns": 0}))
