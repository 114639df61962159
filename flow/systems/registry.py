"""The systems that are installed, as flow uses them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from remora.flow.generate.packaging import PLAIN, Packaging
from remora.flow.systems.system import System
from remora.spec.lib.section import Design
from remora.spec.lib.systems import registered_systems

if TYPE_CHECKING:
    from remora.flow.generate.directory import Generated


def systems() -> dict[str, System]:
    """Systems by name: the bundled ones, then others in the order of their names.

    Raises:
        RemoraError: none is installed, one cannot be loaded, or two have one name.
    """
    return cast("dict[str, System]", registered_systems())


def system_of(design: Design) -> System:
    """The system of a design point."""
    return systems()[design.CORE]


def generate(
    design: Design, directory: Path, content: Any = None, *, force: bool = False, packaging: Packaging = PLAIN
) -> Generated:
    """Write all files that synthesis and simulation need, as the design point's system does.

    Args:
        content: of the memory images: `Weights` of a crossbar design, `BmruCodes` of a BMRU one, or what another
            system takes; None is what the system begins with.
        force: write into a directory of other files too, and replace files that a person wrote or changed.
        packaging: prefix of the modules, outlines of the macros, source locations.

    Raises:
        FolderError: ``directory`` holds what only ``force`` replaces.
        OSError: ``directory`` cannot be written; the error names the file.
    """
    return system_of(design).generate(design, directory, content, force=force, packaging=packaging)
