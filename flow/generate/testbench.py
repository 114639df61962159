"""The folder of the testbench: its fixed files, copied, and those of a design point."""

from __future__ import annotations

from pathlib import Path
from string import Template

from remora.flow.generate.scenario import Scenario
from remora.spec.lib.files import write_bytes, write_text

SOURCES = Path(__file__).parents[2] / "tb" / "testbench"
COPIED = ("remora_testbench.v", "Makefile")
FILES = (*COPIED, "README.md", "design.mk", "parameters.vh", "host.hex", "packets.hex", "answers.hex")


def write_testbench(directory: Path, files: dict, scenario: Scenario, top: str, test_mode: bool = False) -> None:
    """Write ``sim/`` into a generated directory.

    Args:
        files: of the sidecar: where netlist and models lie.
        top: module of the design.
        test_mode: it has an input of that name, which the testbench holds low.
    """
    folder = directory / "sim"
    for name in COPIED:
        write_bytes(folder / name, (SOURCES / name).read_bytes())
    about = "\n".join(f"- {sentence}" for sentence in scenario.about)
    texts = {
        "README.md": Template((SOURCES / "README.md").read_text(encoding="utf-8")).substitute(about=about),
        "design.mk": _variables(files, scenario),
        "parameters.vh": "// The design, sizes of the files beside this one, and the longest wait.\n"
        + f"`define REMORA_TOP {top}\n"
        + ("`define REMORA_TEST_MODE\n" if test_mode else "")
        + "".join(f"localparam {name} = {value};\n" for name, value in scenario.parameters.items()),
        "host.hex": _lines(scenario.host),
        "packets.hex": _lines(scenario.packets),
        "answers.hex": _lines(scenario.answers),
    }
    for name, text in texts.items():
        write_text(folder / name, text)


def _variables(files: dict, scenario: Scenario) -> str:
    """Variables of the makefile, which the command line may replace."""
    values = {
        "NETLIST": f"../{files['netlist']}",
        "MODELS": " ".join(f"../{model}" for model in files["models"]),
        "PLUSARGS": " ".join(scenario.plusargs),
    }
    return "".join(f"{name} ?= {value}\n" for name, value in values.items())


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
