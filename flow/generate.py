"""Generate: everything that a synthesis engineer takes away, in one directory, byte for byte the same every time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import numpy as np

from flow.analog import generate as analog_generate
from golden.analog_codes import AnalogCodes
from golden.weights import Weights, initial_weights
from hdl.analog.top import AnalogRemora
from hdl.probes import resolve_probes
from hdl.top import TOP_NAME, Remora
from hdl.verilog import Netlist, convert
from spec.analog import AnalogDesign
from spec.design import DesignPoint
from spec.layout import Layer, Tile, all_tiles, cell_groups, group_name, layer_layout
from spec.registers import register_map
from spec.section import Design

MACROS = Path(__file__).parents[1] / "hdl" / "macros"
SIDECAR_VERSION = 1


def macro_names(design: Design) -> tuple[str, ...]:
    """The macros that the design point instantiates."""
    if isinstance(design, AnalogDesign):
        return analog_generate.MACRO_NAMES
    return ("remora_crossbar", "remora_memory", *(["remora_bistable"] if design.bistable else []))


@dataclass(frozen=True)
class Generated:
    """A generated directory."""

    design: Design
    directory: Path
    sidecar: dict

    @property
    def netlist(self) -> Path:
        """The digital part."""
        return self.directory / "rtl" / f"{TOP_NAME}.v"

    @property
    def models(self) -> list[Path]:
        """Behavioural models of the macros."""
        return [self.directory / "macros" / f"{name}.sv" for name in macro_names(self.design)]

    @property
    def images(self) -> Path:
        """Folder of the memory images, or of the analog core's codes."""
        return self.directory / "images"


def generate(design: Design, directory: Path, weights: Weights | AnalogCodes | None = None) -> Generated:
    """Write the directory of a design point; files of an earlier run are replaced.

    Args:
        weights: content of the crossbars' memory images; the initial weights of the design's seed where None. For an
            analog design its codes; where None there is no image of them.

    Raises:
        OSError: ``directory`` cannot be written.
    """
    from flow.registers import c_header, register_markdown

    _remove_earlier(directory)
    analog = isinstance(design, AnalogDesign)
    netlist = convert(AnalogRemora(design) if analog else Remora(design), TOP_NAME)
    sidecar = make_sidecar(design, netlist, weights is not None)
    generated = Generated(design, directory, sidecar)
    texts = {
        f"rtl/{TOP_NAME}.v": netlist.verilog,
        f"{TOP_NAME}.json": json.dumps(sidecar, indent=1) + "\n",
        f"software/{TOP_NAME}_registers.h": c_header(design),
        "docs/registers.md": register_markdown(design),
    }
    for name, text in texts.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (directory / "macros").mkdir(exist_ok=True)
    for name in macro_names(design):
        copyfile(MACROS / f"{name}.sv", directory / "macros" / f"{name}.sv")
        copyfile(MACROS / f"{name}_blackbox.v", directory / "macros" / f"{name}_blackbox.v")
    copyfile(MACROS / "lint.vlt", directory / "macros" / "lint.vlt")
    if not analog:
        write_images(design, weights or initial_weights(design), generated.images)
    else:
        analog_generate.write_elements(design, weights, directory / analog_generate.ELEMENTS)
        if weights:
            analog_generate.write_codes(weights, generated.images)
    return generated


def _remove_earlier(directory: Path) -> None:
    """Remove the files that an earlier run lists in its sidecar, such as images of tiles that this design lacks."""
    try:
        files = json.loads((directory / f"{TOP_NAME}.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return
    for path in file_list({"files": files}):
        (directory / path).unlink(missing_ok=True)


def file_list(sidecar: dict) -> list[str]:
    """Every file that a sidecar lists, relative to its directory."""
    listed = []
    for what in sidecar["files"].values():
        listed += [what] if isinstance(what, str) else list(what.values()) if isinstance(what, dict) else what
    return listed


def image_names(design: DesignPoint) -> list[str]:
    """Instances that start from a memory image."""
    groups = cell_groups(design) if design.bistable else ()
    return [*(tile.name for tile in all_tiles(design)), *(group_name(group) for group in groups)]


def write_images(design: DesignPoint, weights: Weights, directory: Path) -> None:
    """Files for ``+remora_images=DIR``.

    One ``<tile>.hex`` a tile: weights in levels, 16-bit two's complement, row by row; one ``<group>.hex`` a macro of
    bistable cells: low and high threshold of one cell after the other, 32-bit two's complement.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for tile in all_tiles(design):
        levels = (weights.hidden if tile.layer is Layer.HIDDEN else weights.readout)[tile.row_slice, tile.column_slice]
        words = np.asarray(levels).astype(np.int16).view(np.uint16)
        lines = (" ".join(f"{word:04x}" for word in row) for row in words)
        (directory / f"{tile.name}.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for group in cell_groups(design) if design.bistable else ():
        pairs = weights.thresholds[:, group.column_slice].T.astype(np.int32).view(np.uint32)
        lines = (f"{low:08x} {high:08x}" for low, high in pairs)
        (directory / f"{group_name(group)}.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_sidecar(design: Design, netlist: Netlist, has_codes: bool = False) -> dict:
    """What tools need to know of the netlist, so that nobody types a path, a width or an address by hand.

    Args:
        has_codes: there is an image of an analog design's codes.
    """
    library, macros = netlist.library, macro_names(design)
    if isinstance(design, AnalogDesign):
        images = [analog_generate.IMAGE] if has_codes else []
        special = {"scan_chain": analog_generate.describe_chain(design)}
        own = {"elements": analog_generate.ELEMENTS}
    else:
        images, own = image_names(design), {}
        special = {"tiles": [_describe_tile(design, tile) for tile in all_tiles(design)]}
    return {
        "format": "remora-sidecar",
        "version": SIDECAR_VERSION,
        "top": netlist.top,
        "design_hash": design.hash,
        "design": design.model_dump(mode="json"),
        "files": {
            "netlist": f"rtl/{TOP_NAME}.v",
            "models": [f"macros/{name}.sv" for name in macros],
            "blackboxes": [f"macros/{name}_blackbox.v" for name in macros],
            "lint_waivers": "macros/lint.vlt",
            "images": {name: f"images/{name}.hex" for name in images},
            "c_header": f"software/{TOP_NAME}_registers.h",
            "register_documentation": "docs/registers.md",
            **own,
        },
        "ports": [
            {"name": name, "direction": port.direction, "width": port.width}
            for name, port in library.ports[netlist.top].items()
        ],
        "instances": [{"path": path, "module": module} for path, module in library.instances(netlist.top)],
        **special,
        "registers": [
            {
                "name": register.name,
                "address": register.address,
                "fields": [{"name": field.name, "lsb": field.lsb, "width": field.width} for field in register.fields],
            }
            for register in register_map(design)
        ],
        "probes": resolve_probes(netlist),
    }


def _describe_tile(design: DesignPoint, tile: Tile) -> dict:
    layer = tile.layer.name.lower()
    return {
        "path": f"core.{layer}.{tile.name}",
        "layer": layer,
        "index": tile.index,
        "rows": [tile.first_row, tile.first_row + tile.rows - 1],
        "columns": [tile.first_column, tile.first_column + tile.columns - 1],
        "tiles_of_layer": len(layer_layout(design, tile.layer).tiles),
    }
