"""Generate: all files that synthesis and simulation need, in one directory, byte for byte the same every time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from remora.flow.generate.integrate.documents import PATHS, integration_texts
from remora.flow.generate.macros.shapes import Macros, find_macros
from remora.flow.generate.packaging import PLAIN, Packaging
from remora.flow.generate.parts import Parts
from remora.flow.generate.testbench import testbench_files, write_testbench
from remora.flow.tools.result_folder import MANIFEST, folder_result
from remora.hdl.lib.probes import resolve_probes
from remora.hdl.lib.verilog import TOP_NAME, Netlist, convert
from remora.spec.lib.files import write_bytes, write_text
from remora.spec.lib.macro_memories import MemoryShape
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design

SIDECAR_FORMAT, SIDECAR_VERSION = "remora-sidecar", 1
LINT_WAIVERS = "lint.vlt"


@dataclass(frozen=True)
class Generated:
    """A generated directory."""

    design: Design
    directory: Path
    sidecar: dict

    @property
    def netlist(self) -> Path:
        """The digital part."""
        return self.directory / self.sidecar["files"]["netlist"]

    @property
    def models(self) -> list[Path]:
        """Behavioural models of the macros."""
        return [self.directory / path for path in self.sidecar["files"]["models"]]

    @property
    def images(self) -> Path:
        """Folder of the memory images, or of the BMRU core's codes."""
        return self.directory / "images"


def write_directory(parts: Parts, directory: Path, *, force: bool = False, packaging: Packaging = PLAIN) -> Generated:
    """Write the directory of a design point; it holds all of the new files, or what was there before.

    Files of an earlier run are replaced, and other files in a directory that Remora made stay, as
    `remora.flow.tools.result_folder` says.

    Args:
        force: write into a directory of other files too, and replace files that a person wrote or changed.
        packaging: names, outlines and source locations.

    Raises:
        FolderError: ``directory`` holds what only ``force`` replaces.
        OSError: ``directory`` cannot be written; the error names the file.
    """
    with folder_result(directory, force=force, unmarked=_listed_files(directory)) as stage:
        sidecar = _write(parts, stage, packaging)
    return Generated(parts.design, directory, sidecar)


def _write(parts: Parts, directory: Path, packaging: Packaging) -> dict:
    """Write every file into an empty directory; returns the sidecar."""
    from remora.flow.generate.registers import c_header, register_markdown

    top = f"{packaging.prefix}{TOP_NAME}"
    netlist = convert(parts.top(), top, family=top, located=packaging.source_locations)
    scenario = parts.scenario()
    macros = find_macros(parts, netlist, packaging.prefix)
    sidecar = make_sidecar(parts, netlist, macros)
    files = sidecar["files"]
    texts = {
        files["netlist"]: netlist.verilog,
        f"{TOP_NAME}.json": json.dumps(sidecar, indent=1) + "\n",
        files["c_header"]: c_header(parts.design),
        files["register_documentation"]: register_markdown(parts.design),
        **{files["images"][name]: text for name, text in parts.images.items()},
        **{document.path: document.text for document in parts.documents.values()},
        **integration_texts(parts, netlist, macros, files, scenario, packaging),
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    for name in (*files["models"], *files["blackboxes"], files["lint_waivers"]):
        write_bytes(directory / name, parts.source(Path(name).name).read_bytes())
    write_testbench(directory, sidecar, scenario, parts.design)
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
    listed: list[str] = []
    for what in sidecar["files"].values():
        listed += [what] if isinstance(what, str) else list(what.values()) if isinstance(what, dict) else what
    return listed


def make_sidecar(parts: Parts, netlist: Netlist, macros: Macros) -> dict:
    """What tools need to know of the netlist, so that nobody types a path, a width or an address by hand."""
    library, design = netlist.library, parts.design
    return {
        "format": SIDECAR_FORMAT,
        "version": SIDECAR_VERSION,
        "top": netlist.top,
        "design_hash": design.hash,
        "design": design.model_dump(mode="json"),
        "files": {
            "netlist": f"rtl/{TOP_NAME}.v",
            "models": [f"macros/{name}.sv" for name in (*parts.macros, *parts.models)],
            "blackboxes": [f"macros/{name}_blackbox.v" for name in parts.macros],
            "lint_waivers": f"macros/{LINT_WAIVERS}",
            "images": {name: f"images/{name}.hex" for name in parts.images},
            "c_header": f"software/{TOP_NAME}_registers.h",
            "register_documentation": "docs/registers.md",
            "manifest": MANIFEST,
            "testbench": [f"sim/{name}" for name in testbench_files(design)],
            **PATHS,
            **{key: document.path for key, document in parts.documents.items()},
        },
        "ports": [
            {"name": name, "direction": port.direction, "width": port.width}
            for name, port in library.ports[netlist.top].items()
        ],
        "instances": [{"path": path, "module": module} for path, module in library.instances(netlist.top)],
        "memories": [
            describe_memory(path, library.memories[module])
            for path, module in library.instances(netlist.top)
            if module in library.memories
        ],
        "macros": [{"path": path, "cell": cell} for path, cell in macros.instances.items()],
        **parts.sidecar,
        "registers": [
            {
                "name": register.name,
                "address": register.address,
                "fields": [{"name": field.name, "lsb": field.lsb, "width": field.width} for field in register.fields],
            }
            for register in register_map(design)
        ],
        "probes": resolve_probes(netlist, parts.probes),
    }


def describe_memory(path: str, shape: MemoryShape) -> dict:
    """What a memory is made of, for the sidecar: each macro, and the bits and words that it holds; none of a memory of
    flip-flops."""
    return {
        "path": path,
        "width": shape.width,
        "depth": shape.depth,
        "macros": [
            {
                "path": f"{path}.{bank.path}", "width": bank.width, "depth": bank.depth,
                "bits": [bank.first_bit, bank.first_bit + bank.bits - 1],
                "words": [bank.first_word, bank.first_word + bank.words - 1],
                "parity_bit": bank.bits if bank.parity else None,
            }
            for bank in shape.banks
        ],
    }  # fmt: skip
