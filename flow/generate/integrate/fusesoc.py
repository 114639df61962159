"""The FuseSoC core file (CAPI 2): file sets, and the targets ``default``, ``lint`` and ``sim``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from remora.flow.generate.integrate.file_lists import Files

VENDOR, LIBRARY = "remora", "accelerators"
"""First parts of the name of every core, for FuseSoC and for IP-XACT."""
TESTBENCH_TOP = "remora_testbench"
_KINDS = {".v": "verilogSource-2005", ".sv": "systemVerilogSource", ".vlt": "vlt", ".vh": "verilogSource-2005"}
_PLUSARG = re.compile(r"\+(\w+)=(?:\.\./)?(\S+)")


def core_name(name: str) -> str:
    """The name of a design point as a core has it: letters, digits and ``_``."""
    return re.sub(r"\W", "_", name)


def core_file(name: str, version: str, top: str, files: Files, plusargs: Sequence[str]) -> str:
    """Text of a core file at the top of the generated directory.

    Args:
        name: as of `core_name`.
        version: two numbers with a dot.
        files: of the sidecar.
        plusargs: of the testbench, each ``+NAME=PATH`` with a path from its folder.

    Raises:
        ValueError: a plusarg is of another form.
    """
    sets = {
        "rtl": [files["netlist"]],
        "blackboxes": files["blackboxes"],
        "models": files["models"],
        "waivers": [files["lint_waivers"]],
        "testbench": [path for path in files["testbench"] if path.endswith((".v", ".vh", ".hex"))],
        "content": list(files["images"].values()),
    }
    lines = ["CAPI=2:", f"name: {VENDOR}:{LIBRARY}:{name}:{version}"]
    lines += [f"description: Remora accelerator {name}", "", "filesets:"]
    for key, paths in sets.items():
        lines += _file_set(key, paths)
    arguments = [_plusarg(each) for each in plusargs]
    lines += [
        "",
        "targets:",
        *_target("default", ["blackboxes", "rtl"], top),
        *_target("lint", ["waivers", "models", "rtl"], top),
        "    flow: lint",
        "    flow_options:",
        "      tool: verilator",
        # Unrolled, loops of models take minutes.
        '      verilator_options: [-Wall, --timing, --unroll-count, "1"]',
        *_target("sim", ["models", "rtl", "testbench", "content"], TESTBENCH_TOP),
        "    flow: sim",
        "    flow_options:",
        "      tool: icarus",
        "      iverilog_options: [-g2012]",
        *([f"    parameters: [{', '.join(argument for argument, _ in arguments)}]"] if arguments else []),
    ]
    if arguments:
        lines += ["", "parameters:"]
        for argument, path in arguments:
            lines += [f"  {argument}:", "    datatype: str", "    paramtype: plusarg", f"    default: {path}"]
    return "\n".join(lines) + "\n"


def _file_set(key: str, paths: Iterable[str]) -> Iterator[str]:
    paths = list(paths)
    yield f"  {key}:"
    yield "    files:" if paths else "    files: []"
    for path in paths:
        name = PurePosixPath(path)
        # The simulation runs in a folder of FuseSoC's: what it opens lies there as it lies beside the testbench.
        copied = name.name if name.parts[0] == "sim" else path
        match name.suffix:
            case ".hex":
                yield f"      - {path}: {{file_type: user, copyto: {copied}}}"
            case ".vh":
                yield f"      - {path}: {{file_type: {_KINDS['.vh']}, is_include_file: true}}"
            case suffix:
                yield f"      - {path}: {{file_type: {_KINDS[suffix]}}}"


def _target(name: str, sets: Sequence[str], top: str) -> list[str]:
    return [f"  {name}:", f"    filesets: [{', '.join(sets)}]", f"    toplevel: {top}"]


def _plusarg(argument: str) -> tuple[str, str]:
    found = _PLUSARG.fullmatch(argument)
    if found is None:
        raise ValueError(f"plusarg {argument}: a core file takes +NAME=PATH alone")
    return found[1], found[2]
