"""The System: all that flow asks of a kind of accelerator, so that nobody outside its rooms asks which one it is.

To add one: derive from `System`, make one instance, and register it in the entry-point group ``remora.systems`` under
its name (`examples/` has a small one). The module of the instance is imported by every command that reads a design
point, so import what is heavy inside the methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, get_args, get_type_hints

from remora.flow.generate.packaging import PLAIN, Packaging
from remora.flow.systems.options import GenerateOptions, Options
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design
from remora.spec.lib.systems import BUNDLED_PRESETS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from rich.console import RenderableType

    from remora.flow.generate.bodies import Bodies
    from remora.flow.generate.directory import Generated
    from remora.flow.generate.parts import Parts
    from remora.flow.verify.harness import Harness
    from remora.flow.verify.soak.soaker import Soaker

AnyDesign = TypeVar("AnyDesign", bound=Design)
Content = TypeVar("Content")
"""What a system's memory images hold: weights, codes …"""


class Simulated(Protocol):
    """A simulation that has ended."""

    @property
    def result(self) -> dict[str, Any]:
        """What `remora simulate --json` writes."""
        ...

    def table(self) -> RenderableType:
        """The result for a person."""
        ...

    def check(self) -> None:
        """Print the first difference and raise ``CheckFailed`` unless all that must be compared was, and agrees."""
        ...


class System(ABC, Generic[AnyDesign, Content]):
    """A kind of accelerator.

    Attributes:
        name: what a TOML file's ``core`` says, and the name of the entry point.
        noun: one of it, with its article, as messages say it.
        plural, title: several of them, as messages and as headings say it.
    """

    name: ClassVar[str]
    noun: ClassVar[str]
    plural: ClassVar[str]
    title: ClassVar[str]

    # Design points ----------------------------------------------------------------------------------------------------
    @property
    @abstractmethod
    def design(self) -> type[AnyDesign]:
        """Class of its design points; its ``CORE`` is the system's name."""

    presets: ClassVar[Path] = BUNDLED_PRESETS
    """Folder of its presets, ``<name>.toml`` each with what it is for as first comment; systems may share one."""

    @abstractmethod
    def figures(self, design: AnyDesign) -> dict[str, int]:
        """What a list of presets tells of each: sizes and counts by name, the same names for every design point."""

    # Generated directory ----------------------------------------------------------------------------------------------
    @abstractmethod
    def load_content(self, design: AnyDesign, checkpoint: Path | None) -> Content | None:
        """What the memory images hold: of a checkpoint; where None, what the system bundles for the design point, or
        None. Prints what a person must know to use it.

        Raises:
            RemoraError: the checkpoint does not fit the design point.
            OSError: it cannot be read.
        """

    @abstractmethod
    def parts(self, design: AnyDesign, content: Content | None) -> Parts:
        """What `remora generate` writes of the design point; ``content`` None is what the system begins with."""

    def testbench_notes(self, design: AnyDesign) -> list[str]:
        """What a person must know of the testbench that `remora generate` writes, a sentence each."""
        return []

    def generate(
        self,
        design: AnyDesign,
        directory: Path,
        content: Content | None = None,
        *,
        force: bool = False,
        packaging: Packaging = PLAIN,
    ) -> Generated:
        """Write the generated directory, as `remora.flow.generate.directory.write_directory` does.

        Raises:
            FolderError: ``directory`` holds what only ``force`` replaces.
            OSError: ``directory`` cannot be written; the error names the file.
        """
        from remora.flow.generate.directory import write_directory

        return write_directory(self.parts(design, content), directory, force=force, packaging=packaging)

    def fpga_bodies(self, design: AnyDesign, content: Content | None) -> Bodies:
        """What stands in place of the macros on an FPGA; ``content`` as of `parts`.

        Raises:
            RemoraError: there is no body of a macro, or it does not suit the design point.
        """
        raise RemoraError(f"{self.noun} has macros of which there is no digital body")

    @abstractmethod
    def harness(self, design: AnyDesign, probes: Mapping[str, Mapping[str, Any]]) -> Harness:
        """What stands around the generated design in simulation; `remora.flow.verify.harness.build_harness` builds it.

        Args:
            probes: ``path`` and ``width`` by name, as the sidecar has them.
        """

    # Commands ---------------------------------------------------------------------------------------------------------
    def options(self, command: str) -> type[Options] | None:
        """Class of the options of a command: ``generate``, ``simulate``, ``train``, ``import``, ``faults`` or
        ``bench``; None where the system lacks the command."""
        return GenerateOptions if command == "generate" else None

    def make_options(self, command: str, **values: Any) -> Any:
        """Options of a command with these values, the others as by default; a path may be given as text.

        Raises:
            RemoraError: the system lacks the command, or the command has no such option.
        """
        kind = self.options(command)
        if kind is None:
            raise self._lacks(command)
        known = [field.name for field in fields(kind)]
        if unknown := [name for name in values if name not in known]:
            raise RemoraError(
                f"{', '.join(unknown)}: no option of {command} for {self.plural}; it has {', '.join(known)}"
            )
        hints = get_type_hints(kind)
        paths = {name for name, hint in hints.items() if hint is Path or Path in get_args(hint)}
        read: dict[str, Any] = {
            name: Path(value) if name in paths and isinstance(value, str) else value for name, value in values.items()
        }
        return kind(**read)

    def simulate(self, design: AnyDesign, options: Any) -> Simulated:
        """Run the generated hardware and compare it with golden.

        Args:
            options: of the class that `options` gives for ``simulate``.

        Raises:
            RemoraError: the options do not fit, or a build or the simulation fails.
        """
        raise self._lacks("simulate")

    def train(self, design: AnyDesign, options: Any) -> dict[str, Any]:
        """Train a network, save it at ``options.output``, print what came of it, and return it for JSON.

        Args:
            options: of the class that `options` gives for ``train``.

        Raises:
            RemoraError: the options do not fit, or what they name.
        """
        raise self._lacks("train")

    # Networks ---------------------------------------------------------------------------------------------------------
    def load_checkpoint(self, design: AnyDesign, path: Path) -> Any:
        """Read what `train` saved.

        Raises:
            RemoraError: it is no such file, or does not fit the design point.
        """
        raise self._lacks("train")

    def save_checkpoint(self, path: Path, design: AnyDesign, network: Any) -> None:
        """Write a network so that `load_checkpoint` reads it; what is there is replaced.

        Raises:
            OSError: it cannot be written; the error names it.
        """
        raise self._lacks("train")

    def import_weights(self, design: AnyDesign, arrays: Mapping[str, ArrayLike], metadata: dict | None = None) -> Any:
        """A network trained elsewhere, as `load_checkpoint` gives it.

        Args:
            arrays: in floating point, by the names that the system gives them.
            metadata: anything that JSON holds; kept with the network.

        Raises:
            RemoraError: the arrays make no network of the design point, or the system takes none.
        """
        raise RemoraError(f"{self.plural} take no weights of another program; choose a design point of another system")

    def import_file(self, design: AnyDesign, file: Path, options: Any) -> dict[str, Any]:
        """Read another program's network from a file, save it at ``options.output``, print a report by layer, and
        return it for JSON.

        Args:
            options: of the class that `options` gives for ``import``.

        Raises:
            RemoraError: the file holds no network of the design point, or the options do not fit.
        """
        raise self._lacks("import")

    def infer(self, design: AnyDesign, network: Any, features: NDArray) -> NDArray[np.int64]:
        """Golden's decisions, as the hardware makes them bit for bit.

        Args:
            network: of `load_checkpoint`; what the system begins with where None.
            features: (items, steps, features), in the dtype of the system's data.

        Returns:
            The class of each item, (items,).

        Raises:
            RemoraError: the system gives no model for it.
        """
        raise RemoraError(f"{self.plural} give no model to infer with; simulate the design point instead")

    # Faults and speed -------------------------------------------------------------------------------------------------
    def fault_bench(self, design: AnyDesign, options: Any) -> Any:
        """Build the design, sound and with every fault in it, and give the bench that runs both.

        Args:
            options: of the class that `options` gives for ``faults``.

        Raises:
            SimulatorError: a build fails.
        """
        raise self._lacks("faults")

    def soaker(self) -> Soaker | None:
        """What `remora soak` needs of the system; None where it is not soaked."""
        return None

    def benchmark(self, design: AnyDesign, options: Any, say: Callable[[str], None]) -> dict[str, Any]:
        """Measure what the project promises; the result has ``targets``.

        Args:
            options: of the class that `options` gives for ``bench``.
            say: is told what is measured next.

        Raises:
            SimulatorError: a build or a simulation fails.
        """
        raise self._lacks("bench")

    def _lacks(self, command: str) -> RemoraError:
        return RemoraError(f"{self.plural} have no `remora {command}`: choose a design point of another system")
