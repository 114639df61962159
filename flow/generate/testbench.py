"""The folder of the testbench: its fixed files, copied, and those of a design point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from remora.flow.generate.integrate.constraints import MEMORY_TEST, TEST_MODE
from remora.flow.generate.scenario import Scenario
from remora.spec.lib.files import write_bytes, write_text
from remora.spec.lib.section import Design

SOURCES = Path(__file__).parents[2] / "tb" / "testbench"
COPIED = ("remora_testbench.v", "Makefile")
FILES = (*COPIED, "README.md", "design.mk", "parameters.vh", "host.hex", "packets.hex", "answers.hex")
MARCH, MEMORIES = "remora_march.v", "memories.vh"
"""Files of the march test, where there is a port for it."""
ABOUT_MARCH = f"""## March test of the memories

`make icarus TOP=remora_march`, or the same with `verilator`, writes and reads every macro of a memory through the port
`memory_test_*`: March C-, with words of equal bits and with stripes. `{MARCH}` is the test, and `{MEMORIES}` has the
words and bits of each macro, by its number.

"""


def testbench_files(design: Design) -> list[str]:
    """Names of the files in ``sim/``."""
    return [*FILES, *((MARCH, MEMORIES) if design.has_memory_test else ())]


def write_testbench(directory: Path, sidecar: Mapping, scenario: Scenario, design: Design) -> None:
    """Write ``sim/`` into a generated directory.

    Args:
        sidecar: has where netlist and models lie, the top, its ports, and the memories.
        design: whose testbench it is.
    """
    folder, files = directory / "sim", sidecar["files"]
    for name in (*COPIED, *((MARCH,) if design.has_memory_test else ())):
        write_bytes(folder / name, (SOURCES / name).read_bytes())
    defined = [
        f"`define REMORA_{port['name'].upper()}\n"
        for port in sidecar["ports"]
        if port["name"] in (TEST_MODE, MEMORY_TEST)
    ]
    about = "\n".join(f"- {sentence}" for sentence in scenario.about)
    readme = Template((SOURCES / "README.md").read_text(encoding="utf-8"))
    texts = {
        "README.md": readme.substitute(about=about, march=ABOUT_MARCH if design.has_memory_test else ""),
        "design.mk": _variables(files, scenario),
        "parameters.vh": "// The design, sizes of the files beside this one, and the longest wait.\n"
        + f"`define REMORA_TOP {sidecar['top']}\n"
        + "".join(defined)
        + "".join(f"localparam {name} = {value};\n" for name, value in scenario.parameters.items()),
        "host.hex": _lines(scenario.host),
        "packets.hex": _lines(scenario.packets),
        "answers.hex": _lines(scenario.answers),
        **({MEMORIES: _memories(sidecar["memories"])} if design.has_memory_test else {}),
    }
    for name, text in texts.items():
        write_text(folder / name, text)


def _memories(memories: Sequence[Mapping]) -> str:
    """Words and bits of each macro, by its number in the memory test."""
    macros = [macro for memory in memories for macro in memory["macros"]]
    text = f"// Macros of the memories, by their numbers.\nlocalparam MEMORIES = {len(macros)};\n"
    for name, values in (
        ("words", [macro["words"][1] - macro["words"][0] + 1 for macro in macros]),
        ("width", [macro["width"] for macro in macros]),
    ):
        cases = "".join(f"    {number}: {name} = {value};\n" for number, value in enumerate(values))
        text += (
            f"function integer {name}(input integer number);\n  case (number)\n{cases}"
            f"    default: {name} = 0;\n  endcase\nendfunction\n"
        )
    return text


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
