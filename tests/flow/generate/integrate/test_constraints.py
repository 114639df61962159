"""The SDC: OpenSTA finds every port that it names, and no port without a constraint."""

from __future__ import annotations

import pytest

from remora.flow.tools.opensta import TimingError, find_opensta, run_opensta
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_once, missing_tool

SCRIPT = """\
read_verilog ports.v
link_design {top}
source {sdc}
report_clock_properties
puts "asked"
check_setup -verbose -no_input_delay
puts "inputs [llength [all_inputs]] outputs [llength [all_outputs]]"
"""


def read(preset: str, tmp_path, sdc: str) -> str:
    """What OpenSTA says of a top with the ports of a preset and nothing inside, under constraints."""
    try:
        find_opensta()
    except RemoraError as error:
        missing_tool(str(error))
    made = generated_once(load_design(preset, Design))
    ports = []
    for port in made.sidecar["ports"]:
        wide = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
        ports.append(f"  {port['direction']} {wide}{port['name']};\n")
    names = ", ".join(port["name"] for port in made.sidecar["ports"])
    (tmp_path / "ports.v").write_text(f"module remora ({names});\n{''.join(ports)}endmodule\n")
    (tmp_path / "top.sdc").write_text(sdc)
    return run_opensta(SCRIPT.format(top="remora", sdc="top.sdc"), tmp_path, "read")


def sdc_of(preset: str) -> str:
    made = generated_once(load_design(preset, Design))
    return (made.directory / made.sidecar["files"]["constraints"]).read_text()


@pytest.mark.parametrize("preset", ["tiny", "kws"])
def test_opensta_reads_the_constraints(preset, tmp_path):
    printed = read(preset, tmp_path, sdc_of(preset))
    before, after = printed.split("asked\n")
    assert "aclk" in before and "10.00" in before
    counts, width = after.strip(), {"input": 0, "output": 0}
    for port in generated_once(load_design(preset, Design)).sidecar["ports"]:
        width[port["direction"]] += port["width"]
    assert counts == f"inputs {width['input']} outputs {width['output']}" and width["input"] > 70


def test_an_input_without_a_delay_would_be_noticed(tmp_path):
    lines = [line for line in sdc_of("tiny").splitlines() if "s_axis_tlast" not in line]
    with pytest.raises(TimingError, match="1 input port missing set_input_delay"):
        read("tiny", tmp_path, "\n".join(lines))


def test_a_port_that_is_not_there_would_be_noticed(tmp_path):
    with pytest.raises(TimingError, match="not read"):
        read("tiny", tmp_path, sdc_of("tiny").replace("s_axis_tlast", "s_axis_tlost"))
