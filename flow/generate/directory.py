"""Generate: everything that a synthesis engineer takes away, in one directory, byte for byte the same every time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remora.flow.generate.testbench import FILES, write_testbench
from remora.flow.systems.bmru import generate as analog_generate
from remora.flow.systems.bmru.scenario import bmru_scenario
from remora.flow.systems.crossbar.scenario import crossbar_scenario
from remora.flow.tools.result_folder import MANIFEST, folder_result
from remora.golden.bmru.codes import AnalogCodes
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.hdl.bmru.top import AnalogRemora
from remora.hdl.crossbar.probes import resolve_probes
from remora.hdl.crossbar.top import TOP_NAME, Remora
from remora.hdl.lib.verilog import Netlist, convert
from remora.spec.bmru.design import AnalogDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles, cell_groups, group_name, layer_layout
from remora.spec.lib.files import write_bytes, write_text
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design

MACROS = Path(__file__).parents[2] / "hdl" / "macros"
SIDECAR_FORMAT, SIDECAR_VERSION = "remora-sidecar", 1


def macro_names(design: Design) -> tuple[str, ...]:
    """The macros that the design point instantiates."""
    if isinstance(design, AnalogDesign):
        return analog_generate.MACRO_NAMES
    return ("remora_crossbar", "remora_memory", *(["remora_bistable"] if design.capabilities.bistable else []))


def model_names(design: Design) -> tuple[str, ...]:
    """The behavioural models of those macros, and the reader of memory images that the crossbar's needs."""
    macros = macro_names(design)
    return (*macros, "remora_image") if "remora_crossbar" in macros else macros


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
        return [self.directory / "macros" / f"{name}.sv" for name in model_names(self.design)]

    @property
    def images(self) -> Path:
        """Folder of the memory images, or of the analog core's codes."""
        return self.directory / "images"


def generate(
    design: Design, directory: Path, weights: Weights | AnalogCodes | None = None, *, force: bool = False
) -> Generated:
    """Write the directory of a design point; it holds all of the new files, or what was there before.

    Files of an earlier run are replaced, and other files in a directory that Remora made stay, as
    `remora.flow.tools.result_folder` says.

    Args:
        weights: content of the crossbars' memory images; the initial weights of the design's seed where None. For an
            analog design its codes; where None there is no image of them.
        force: write into a directory of other files too, and replace files that a person wrote or changed.

    Raises:
        FolderError: ``directory`` holds what only ``force`` replaces.
        OSError: ``directory`` cannot be written; the error names the file.
    """
    with folder_result(directory, force=force, unmarked=_listed_files(directory)) as stage:
        sidecar = _write(design, stage, weights)
    return Generated(design, directory, sidecar)


def _write(design: Design, directory: Path, weights: Weights | AnalogCodes | None) -> dict:
    """Write every file into an empty directory; returns the sidecar."""
    from remora.flow.generate.registers import c_header, register_markdown

    analog = isinstance(design, AnalogDesign)
    netlist = convert(AnalogRemora(design) if analog else Remora(design), TOP_NAME)
    sidecar = make_sidecar(design, netlist, weights is not None)
    texts = {
        f"rtl/{TOP_NAME}.v": netlist.verilog,
        f"{TOP_NAME}.json": json.dumps(sidecar, indent=1) + "\n",
        f"software/{TOP_NAME}_registers.h": c_header(design),
        "docs/registers.md": register_markdown(design),
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    models = [f"{name}.sv" for name in model_names(design)]
    blackboxes = [f"{name}_blackbox.v" for name in macro_names(design)]
    for name in (*models, *blackboxes, "lint.vlt"):
        write_bytes(directory / "macros" / name, (MACROS / name).read_bytes())
    images = directory / "images"
    if not analog:
        weights = weights or initial_weights(design)
        write_images(design, weights, images)
        scenario = crossbar_scenario(design, weights)
    else:
        analog_generate.write_elements(design, weights, directory / analog_generate.ELEMENTS)
        if weights:
            analog_generate.write_codes(weights, images)
        scenario = bmru_scenario(design, weights)
    write_testbench(directory, sidecar["files"], scenario)
    return sidecar


def _listed_files(directory: Path) -> dict[str, None]:
    """The files that the sidecar in a directory lists, and the sidecar; empty where there is none."""
    name = f"{TOP_NAME}.json"
    try:
        sidecar = json.loads((directory / name).read_text(encoding="utf-8"))
        listed = file_list(sidecar) if sidecar["format"] == SIDECAR_FORMAT else []
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict.fromkeys([*listed, name])


def file_list(sidecar: dict) -> list[str]:
    """Every file that a sidecar lists, relative to its directory."""
    listed = []
    for what in sidecar["files"].values():
        listed += [what] if isinstance(what, str) else list(what.values()) if isinstance(what, dict) else what
    return listed


def image_names(design: DesignPoint) -> list[str]:
    """Instances that start from a memory image."""
    groups = cell_groups(design) if design.capabilities.bistable else ()
    return [*(tile.name for tile in all_tiles(design)), *(group_name(group) for group in groups)]


def write_images(design: DesignPoint, weights: Weights, directory: Path) -> None:
    """Files for ``+remora_images=DIR``.

    One ``<tile>.hex`` a tile: weights in levels, 16-bit two's complement, row by row; one ``<group>.hex`` a macro of
    bistable cells: low and high threshold of one cell after the other, 32-bit two's complement.
    """
    for tile in all_tiles(design):
        levels = (weights.hidden if tile.layer is Layer.HIDDEN else weights.readout)[tile.row_slice, tile.column_slice]
        words = np.asarray(levels).astype(np.int16).view(np.uint16)
        lines = (" ".join(f"{word:04x}" for word in row) for row in words)
        write_text(directory / f"{tile.name}.hex", "\n".join(lines) + "\n")
    for group in cell_groups(design) if design.capabilities.bistable else ():
        pairs = weights.thresholds[:, group.column_slice].T.astype(np.int32).view(np.uint32)
        lines = (f"{low:08x} {high:08x}" for low, high in pairs)
        write_text(directory / f"{group_name(group)}.hex", "\n".join(lines) + "\n")


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
        "format": SIDECAR_FORMAT,
        "version": SIDECAR_VERSION,
        "top": netlist.top,
        "design_hash": design.hash,
        "design": design.model_dump(mode="json"),
        "files": {
            "netlist": f"rtl/{TOP_NAME}.v",
            "models": [f"macros/{name}.sv" for name in model_names(design)],
            "blackboxes": [f"macros/{name}_blackbox.v" for name in macros],
            "lint_waivers": "macros/lint.vlt",
            "images": {name: f"images/{name}.hex" for name in images},
            "c_header": f"software/{TOP_NAME}_registers.h",
            "register_documentation": "docs/registers.md",
            "manifest": MANIFEST,
            "testbench": [f"sim/{name}" for name in FILES],
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
