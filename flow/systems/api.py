"""What a program of one's own calls: the same functions as the command line, for the design points of every system."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from remora.flow.systems.registry import generate, system_of, systems
from remora.flow.systems.system import Simulated
from remora.spec import presets
from remora.spec.lib.section import Design

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "generate", "import_file", "import_weights", "infer", "load_checkpoint", "load_design", "save_checkpoint",
    "simulate", "systems", "train",
]  # fmt: skip

AnyDesign = TypeVar("AnyDesign", bound=Design)


@overload
def load_design(config: str | Path) -> Design: ...
@overload
def load_design(config: str | Path, kind: type[AnyDesign]) -> AnyDesign: ...
def load_design(config: str | Path, kind: type[Design] = Design) -> Design:
    """Read a design point.

    Args:
        config: name of a preset, or path of a TOML file.
        kind: the class that it must be of; a design point of any system by default.

    Raises:
        ConfigError: neither exists, the TOML does not parse, or the design point is invalid or of another class.
    """
    return presets.load_design(config, kind)


def train(design: Design, **options: Any) -> dict[str, Any]:
    """Train a network, save it at ``output``, print what came of it, and return what `remora train --json` writes.

    Args:
        options: of `remora train`, with ``_`` for ``-``: ``output``, ``passes``, ``limit`` …, as the design point's
            system has them.

    Raises:
        RemoraError: the system trains nothing, or has no such option; an option does not fit, or what it names.
    """
    return system_of(design).train(design, system_of(design).make_options("train", **options))


def simulate(design: Design, **options: Any) -> Simulated:
    """Run the generated hardware under Verilator, and compare it with golden.

    ``result`` of what is returned is what `remora simulate --json` writes; its ``check()`` raises ``CheckFailed``
    unless all that must be compared was, and agrees.

    Args:
        options: of `remora simulate`, with ``_`` for ``-``: ``limit``, ``checkpoint``, ``stall`` …, as the design
            point's system has them.

    Raises:
        RemoraError: the system simulates nothing, or has no such option; an option does not fit, or what it names; the
            build or the simulation fails.
    """
    return system_of(design).simulate(design, system_of(design).make_options("simulate", **options))


def infer(design: Design, features: NDArray, network: Any = None) -> NDArray[np.int64]:
    """Golden's decisions, which are those of the hardware bit for bit.

    Args:
        features: (items, steps, features): 8-bit features of a crossbar design, codes of the DACs of a BMRU one.
        network: of `load_checkpoint`; what the system begins with where None: the initial weights of the seed, or the
            bundled network.

    Returns:
        The class of each item, (items,).

    Raises:
        RemoraError: the network does not fit the design point.
    """
    return system_of(design).infer(design, network, features)


def import_weights(design: Design, arrays: Mapping[str, ArrayLike], metadata: dict | None = None) -> Any:
    """A network that was trained elsewhere in floating point, for `infer` and `save_checkpoint`.

    Args:
        arrays: by name, any real type. Of a crossbar design ``input``, ``recurrent`` …, as
            `remora.golden.offline.crossbar_import.import_network` lists them with shapes and equations. Of a BMRU one
            ``input.weight``, ``blocks.0.first.bias`` …, as `remora.golden.lib.bmru_network.BmruNetwork.arrays` has.
        metadata: anything that JSON holds; kept with the network.

    Returns:
        What `load_checkpoint` returns. Each weight is the nearest that the hardware has. ``remarks`` of a `Checkpoint`
        say which lay beyond; a `BmruNetwork` stays in floating point until it becomes codes.

    Raises:
        RemoraError: an array is missing or superfluous, does not fit, or holds what is no legal number.
    """
    return system_of(design).import_weights(design, arrays, metadata)


def import_file(design: Design, file: Path | str, **options: Any) -> dict[str, Any]:
    """Read another program's network from a file, save it at ``output``, print a report by layer, and return what
    `remora import --json` writes.

    Args:
        file: safetensors, ONNX or `.npz`; the how-to page on importing says which names and nodes it may hold.
        options: of `remora import`, with ``_`` for ``-``: ``output``, ``data``, ``fine_tune`` …, as the design point's
            system has them.

    Raises:
        RemoraError: the file holds no network of the design point, or an option does not fit, or what it names.
    """
    system = system_of(design)
    return system.import_file(design, Path(file), system.make_options("import", **options))


def load_checkpoint(path: Path | str, design: Design) -> Any:
    """Read a network that `train` or `save_checkpoint` wrote.

    Returns:
        A `Checkpoint` of a crossbar design, a `BmruNetwork` of a BMRU one.

    Raises:
        RemoraError: it is no such file, or does not fit the design point.
        OSError: it cannot be read; the error names it.
    """
    return system_of(design).load_checkpoint(design, Path(path))


def save_checkpoint(path: Path | str, design: Design, network: Any) -> None:
    """Write a network so that `load_checkpoint` and the command line read it; what is there is replaced.

    Raises:
        OSError: it cannot be written; the error names it.
    """
    system_of(design).save_checkpoint(Path(path), design, network)
