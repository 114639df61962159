"""The macros as proofs see them: the same ports and parameters as the blackbox, and a rule for each violation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import remora.hdl.macros

MACROS = Path(remora.hdl.macros.__path__[0])
FORMAL = sorted((MACROS / "properties").glob("*_formal.sv"))
PORT = re.compile(r"^\s*(input|output)\s+(?:wire\s+)?(\[[^\]]*\])?\s*(\w+),?$", re.MULTILINE)
PARAMETER = re.compile(r"^\s*parameter (\w+) = ", re.MULTILINE)


@pytest.mark.parametrize("path", FORMAL, ids=lambda path: path.stem)
def test_ports_and_parameters_are_those_of_the_blackbox(path):
    formal = path.read_text(encoding="utf-8")
    blackbox = (MACROS / path.name.replace("_formal.sv", "_blackbox.v")).read_text(encoding="utf-8")
    assert PORT.findall(formal) == PORT.findall(blackbox) and len(PORT.findall(formal)) > 2
    assert PARAMETER.findall(formal) == PARAMETER.findall(blackbox)


# A clock gate asks nothing but what synthesis checks: a flip-flop at its enable.
@pytest.mark.parametrize(
    "path", [path for path in FORMAL if path.stem != "remora_clock_gate_formal"], ids=lambda path: path.stem
)
def test_every_violation_of_the_contract_has_a_rule(path):
    formal = path.read_text(encoding="utf-8")
    model = (MACROS / path.name.replace("_formal.sv", ".sv")).read_text(encoding="utf-8")
    # The others are about files, shapes and a chip's age.
    violations = re.findall(r'\$fatal\(1, "([^"]*)"', model[model.index("always @(posedge clk)") :])
    ended = [text for text in violations if not re.search(r"cannot be|no macro has|aged between", text)]
    rules = re.findall(r"^  (\w+): assert property", formal, re.MULTILINE)
    covers = re.findall(r"^  reached_(\w+): cover property", formal, re.MULTILINE)
    print(f"{path.stem}: {len(ended)} violations, {len(rules)} rules")
    assert len(rules) >= len(ended) > 2 and rules == covers
