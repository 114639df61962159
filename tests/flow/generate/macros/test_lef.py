"""LEF abstracts: KLayout reads every macro with its outline and every pin."""

from __future__ import annotations

from dataclasses import replace

import klayout.db as kdb
import pytest

from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.lef import LAYOUT, Layout, lef, outline
from remora.flow.generate.macros.shapes import MacroShape
from tests.flow.generate.macros.test_shapes import shapes_of_every_macro

TECHNOLOGY = "VERSION 5.7 ;\nUNITS DATABASE MICRONS 1000 ; END UNITS\n" + "".join(
    f"LAYER {metal} TYPE ROUTING ; DIRECTION {way} ; PITCH 1 ; WIDTH 0.3 ; END {metal}\n"
    for metal, way in (
        ("metal1", "HORIZONTAL"), ("metal2", "VERTICAL"), ("metal3", "HORIZONTAL"), ("metal4", "VERTICAL")
    )
)  # fmt: skip


def read(text: str, tmp_path) -> kdb.Layout:
    """A LEF as KLayout reads it, with the technology before it."""
    (tmp_path / "technology.lef").write_text(TECHNOLOGY + "END LIBRARY\n")
    (tmp_path / "macros.lef").write_text(text)
    options = kdb.LoadLayoutOptions()
    options.lefdef_config.lef_files = [str(tmp_path / "technology.lef")]
    options.lefdef_config.macro_resolution_mode = 1
    layout = kdb.Layout()
    layout.read(str(tmp_path / "macros.lef"), options)
    return layout


def shapes_read(layout: kdb.Layout, cell: str) -> dict[str, list]:
    """Texts and boxes of a cell by the name of the layer."""
    found: dict[str, list] = {}
    for index in layout.layer_indexes():
        for shape in layout.cell(cell).shapes(index).each():
            found.setdefault(layout.get_info(index).name, []).append(shape)
    return found


@pytest.fixture(scope="module")
def shapes() -> list[MacroShape]:
    return list(shapes_of_every_macro().values())


def test_klayout_reads_every_pin_and_outline_back(shapes, tmp_path):
    layout = read(lef(shapes, LAYOUT, ASSUMPTIONS), tmp_path)
    pins_read = 0
    for shape in shapes:
        found = shapes_read(layout, shape.cell)
        [edge] = found["OUTLINE"]
        made = outline(shape, LAYOUT, ASSUMPTIONS)
        assert (edge.dbbox().width(), edge.dbbox().height()) == pytest.approx((made.width, made.height))
        labels = {
            each.text_string for name, some in found.items() if name.endswith(".LABEL") for each in some
        }  # fmt: skip
        wanted = {
            f"{name}[{bit}]" if port.width > 1 else name for name, port in shape.ports.items()
            for bit in range(port.width) if name not in shape.contract.wires
        }  # fmt: skip
        assert labels == wanted, shape.cell
        boxes = [each.bbox() for name, some in found.items() if name.endswith(".PIN") for each in some]
        assert len(boxes) == len(wanted) and all(edge.bbox().contains(box.p1) for box in boxes)
        # None touches another: they merge to as many.
        assert kdb.Region(boxes).merged().count() == len(boxes)
        blocked = kdb.Region([each.bbox() for name, some in found.items() if name.endswith(".OBS") for each in some])
        assert (blocked & kdb.Region(boxes)).is_empty()
        pins_read += len(boxes)
    assert pins_read > 300


def test_a_tile_is_as_large_as_its_devices_at_the_pitch():
    tile = shapes_of_every_macro()["remora_crossbar"]
    large = replace(tile, parameters={**tile.parameters, "ROWS": 1000, "COLUMNS": 400})
    assert large.devices == (800, 1000)
    assert (outline(large, LAYOUT, ASSUMPTIONS).width, outline(large, LAYOUT, ASSUMPTIONS).height) == (1280, 1600)
    finer = outline(large, Layout(device_pitch=0.5), ASSUMPTIONS)
    assert (finer.width, finer.height) == (400, 500)


def test_an_outline_grows_until_its_pins_have_room():
    for shape in shapes_of_every_macro().values():
        made = outline(shape, Layout(device_pitch=0.01), ASSUMPTIONS)
        wires = shape.contract.wires
        assert len(made.pins) == sum(port.width for name, port in shape.ports.items() if name not in wires)
        assert len({pin.box for pin in made.pins}) == len(made.pins)


def test_a_memory_is_square_with_the_area_of_the_rule():
    memory = shapes_of_every_macro()["remora_memory"]
    words, width = (memory.parameters[name] for name in ("DEPTH", "WIDTH"))
    made = outline(memory, LAYOUT, ASSUMPTIONS)
    assert made.width == made.height and made.width**2 == pytest.approx(85_000 + 30.4 * words * width, rel=0.01)
