"""What a system gives to the generated directory of one of its design points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from remora.flow.generate.scenario import Scenario
from remora.hdl.lib.probes import Probes
from remora.spec.lib.section import Design

MACROS = Path(__file__).parents[2] / "hdl" / "macros"
"""Models, blackboxes and lint waivers of the bundled macros."""
CROSSBAR_MODELS = ("remora_image", "remora_reads", "remora_devices", "remora_chip_file")
"""Models that stand beside that of ``remora_crossbar``: its memory image, and its real devices."""


@dataclass(frozen=True)
class Document:
    """A text file of the generated directory: its path from there, with ``/``, and its content."""

    path: str
    text: str


@dataclass(frozen=True)
class Parts:
    """One design point as its system builds it.

    Attributes:
        top: makes the top component.
        macros: modules that the top instantiates and nobody generates; each has a behavioural model ``<name>.sv`` and
            a blackbox ``<name>_blackbox.v`` in one of ``macro_folders``.
        models: behavioural models beside those of the macros, such as one that they share.
        probes: what the harness watches inside the top.
        images: memory images by name, as text of ``images/<name>.hex``.
        scenario: makes what the testbench does.
        documents: further files by their key among the sidecar's ``files``.
        sidecar: further entries of the sidecar.
    """

    design: Design
    top: Callable[[], wiring.Component]
    macros: tuple[str, ...]
    scenario: Callable[[], Scenario]
    models: tuple[str, ...] = ()
    macro_folders: tuple[Path, ...] = (MACROS,)
    probes: Probes = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    sidecar: Mapping[str, Any] = field(default_factory=dict)

    def source(self, name: str) -> Path:
        """A file of the macros, from the first of the folders that has it.

        Raises:
            FileNotFoundError: none has.
        """
        for folder in self.macro_folders:
            if (found := folder / name).is_file():
                return found
        raise FileNotFoundError(2, f"{name} is in none of the folders of the macros", str(self.macro_folders[0] / name))
