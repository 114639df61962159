"""Parameters of a network of first-quadrant bistable memory recurrent units (FQ-BMRU), and their file.

    z = W_in x + b_in                                   input layer
    z ← z + relu(W_2 · cell(relu(W_1 relu(z) + b_1)) + b_2)     each block; the skip is the identity and carries sign
    o = W_out z + b_out                                 output layer, every frame

The layout is that of the BMRU core of arXiv 2605.15216. One unit of the model is 1 nA in the circuit.
`remora.golden.lib.bmru` runs it, `remora.golden.offline.bmru_training` trains it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.lib.npz import NpzError, read_npz, write_npz
from remora.spec.lib.errors import RemoraError

FORMAT = "remora-bmru-1"
_REMEDY = "give a file that `remora train CONFIG -o FILE` wrote for this design point"


class NetworkError(RemoraError):
    """A BMRU network cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Linear:
    """y = W x + b.

    Attributes:
        weight: W, (outputs, inputs) float64.
        bias: b, (outputs,) float64, in units of the model.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Candidates, bistable cells and the layer after them, all of one width.

    Attributes:
        first, second: (width, width).
        low, high: β_lo and β_hi of each cell, (width,): it resets at or below the one, sets at or above the other.
        level: α, what a set cell puts out, (width,).
    """

    first: Linear
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: NDArray[np.float64]
    second: Linear


@dataclass(frozen=True)
class BmruNetwork:
    """The whole network.

    Attributes:
        input: (width, features).
        blocks: at least one.
        output: (classes, width).
        metadata: anything that JSON holds, such as how it was trained.

    Raises:
        NetworkError: shapes do not fit each other, a value is not finite, a level is negative, or thresholds are not
            in 0 <= low <= high.
    """

    input: Linear
    blocks: tuple[Block, ...]
    output: Linear
    metadata: dict = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        width = self.width
        if not self.blocks:
            raise NetworkError("a BMRU network has at least one block; this has none")
        expected = {"input": (width, self.features), "output": (self.classes, width)}
        for name, array in self.arrays().items():
            layer = expected.get(name.partition(".")[0], (width, width))
            shape = layer if name.endswith("weight") else layer[:1]
            if array.shape != shape or not array.size:
                raise NetworkError(f"{name} has shape {array.shape}; a network of width {width} needs {shape}")
            if array.dtype != np.float64 or not np.isfinite(array).all():
                raise NetworkError(f"{name} must be finite float64; it is {array.dtype} and holds {array.min()}")
        for number, block in enumerate(self.blocks):
            self._check_cells(number, block)

    @staticmethod
    def _check_cells(number: int, block: Block) -> None:
        wrong = np.flatnonzero(~((block.low >= 0) & (block.low <= block.high) & (block.level >= 0)))
        if wrong.size:
            cell = wrong[0]
            raise NetworkError(
                f"cell {cell} of block {number} has low {block.low[cell]:g}, high {block.high[cell]:g}, level "
                f"{block.level[cell]:g}; legal is 0 <= low <= high and level >= 0"
            )

    @property
    def features(self) -> int:
        """Inputs a frame."""
        return self.input.weight.shape[-1]

    @property
    def width(self) -> int:
        """d: cells of a block."""
        return len(self.input.bias)

    @property
    def classes(self) -> int:
        """Outputs."""
        return len(self.output.bias)

    @property
    def parameters(self) -> int:
        """Learned numbers: 170 for 13 features, width 4, two blocks and two classes."""
        return sum(array.size for array in self.arrays().values())

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Every learned array by name, such as ``input.weight`` and ``blocks.0.first.bias``, from input to output."""
        named = _layer("input", self.input)
        for number, block in enumerate(self.blocks):
            at = f"blocks.{number}"
            named |= _layer(f"{at}.first", block.first)
            named |= {f"{at}.low": block.low, f"{at}.high": block.high, f"{at}.level": block.level}
            named |= _layer(f"{at}.second", block.second)
        return named | _layer("output", self.output)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike], metadata: dict | None = None) -> BmruNetwork:
        """The network of arrays named as `arrays` names them; any real type.

        Raises:
            NetworkError: an array is missing or superfluous, or they do not make a legal network.
        """
        blocks = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
        names = ["input", *(f"blocks.{i}.{part}" for i in range(blocks) for part in ("first", "second")), "output"]
        wanted = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
        wanted |= {f"blocks.{i}.{part}" for i in range(blocks) for part in ("low", "high", "level")}
        if wanted != set(arrays):
            different = sorted(wanted ^ set(arrays))
            raise NetworkError(f"the arrays of a BMRU network with {blocks} blocks differ in: {', '.join(different)}")
        exact = {name: _real(name, array) for name, array in arrays.items()}
        linear = {name: Linear(exact[f"{name}.weight"], exact[f"{name}.bias"]) for name in names}
        made = tuple(
            Block(
                first=linear[f"blocks.{i}.first"],
                low=exact[f"blocks.{i}.low"],
                high=exact[f"blocks.{i}.high"],
                level=exact[f"blocks.{i}.level"],
                second=linear[f"blocks.{i}.second"],
            )
            for i in range(blocks)
        )
        return cls(linear["input"], made, linear["output"], metadata or {})


def _real(name: str, array: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.array(array, np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name} holds no real numbers: {error}") from error


def _layer(name: str, layer: Linear) -> dict[str, NDArray[np.float64]]:
    return {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}


def save_network(path: Path | str, network: BmruNetwork) -> None:
    """Write a network; the file appears whole or not at all.

    Raises:
        NetworkError: the file cannot be written.
    """
    path = Path(path)
    try:
        write_npz(path, {"format": FORMAT, "metadata": json.dumps(network.metadata), **network.arrays()})
    except OSError as error:
        raise NetworkError(f"{path} cannot be written: {error.strerror or error}") from error


def load_network(path: Path | str) -> BmruNetwork:
    """Read a network.

    Raises:
        NetworkError: the file is missing, damaged, of another format, or holds no legal network.
    """
    path = Path(path)
    try:
        content = read_npz(path)
    except FileNotFoundError as error:
        raise NetworkError(f"{path} does not exist; {_REMEDY}") from error
    except NpzError as error:
        raise NetworkError(f"{path} is no BMRU network: {error}; {_REMEDY}") from error
    if missing := {"format", "metadata"} - content.keys():
        raise NetworkError(f"{path} is no BMRU network: it has no {', '.join(sorted(missing))}; {_REMEDY}")
    found, metadata = str(content.pop("format")), str(content.pop("metadata"))
    if found != FORMAT:
        raise NetworkError(f"{path} has format '{found}'; this version reads '{FORMAT}'. Train again")
    try:
        return BmruNetwork.from_arrays(content, json.loads(metadata))
    except ValueError as error:
        raise NetworkError(f"{path}: {error}") from error
