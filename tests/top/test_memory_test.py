"""The port of the memory test: a march test reaches every macro and sees the faults that such tests are there for."""

from __future__ import annotations

import re
import subprocess

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault, mutate_model
from remora.flow.generate.directory import Generated
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import write_source
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.hdl.designs import ONE
from tests.support import generated_copy, generated_once, icarus
from tests.top.plain_bench import design_under_test

TESTED = {"memory_test": True, "small_memory_bits": 0}
DESIGNS = {
    # Every memory has a few words.
    "learns": ONE.evolve(
        network={"hidden": 2, "classes": 2, "max_steps": 2},
        learning={"enabled": True, "replay_capacity": 3},
        system=TESTED | {"parity": True, "contexts": 2},
    ),
    "kws": load_design("kws", Design).evolve(system=TESTED | {"test_pin": True}),
}
MACROS = {"learns": 7, "kws": 1}
"""How many each has."""
COLUMNS = ONE.evolve(
    network={"hidden": 9, "max_steps": 1},
    crossbar={"rows": 32, "columns": 32},
    learning={"enabled": True},
    system=TESTED,
)
BANKS = ONE.evolve(
    network={"hidden": 2, "classes": 2, "max_steps": 1},
    learning={"enabled": True, "replay_capacity": 8193},
    system=TESTED,
)
"""Designs with memories of several macros: side by side for wide words, and one after the other for many words."""
WRITE = "    if (write) words[write_address] <= write_data;\n"
READ = "    if (read) read_data <= words[read_address];\n"
"""Statements of the model of a memory."""


def model_fault(name: str, breaks: str, edits: dict[str, str]) -> Fault:
    return Fault(name, breaks, "remora_memory", edits=edits)


FAULTS = (
    model_fault("stuck_bit", "the top bit of word 0 is 0", {
        WRITE: WRITE + "    if ({awake} && write && write_address == 0) words[0] <= {1'b0, write_data[WIDTH-2:0]};\n"
    }),
    model_fault("transition", "bit 1 of the last word does not fall", {
        WRITE: WRITE + "    if ({awake} && write && write_address == WORDS - 1)"
        " words[WORDS-1] <= write_data | (words[WORDS-1] & 2);\n"
    }),
    model_fault("decoder", "a write to word 1 goes to word 0 too", {
        WRITE: WRITE + "    if ({awake} && write && write_address == 1) words[0] <= write_data;\n"
    }),
    model_fault("decoder_misses", "the last word is word 0", {
        READ: "    if (read) read_data <= words[{awake} && read_address == WORDS - 1 ? 0 : read_address];\n"
    }),
    model_fault("coupling", "bit 0 of word 0 falls where bit 0 of word 1 rises", {
        WRITE: WRITE + "    if ({awake} && write && write_address == 1 && write_data[0] && !words[1][0])"
        " words[0][0] <= 0;\n"
    }),
    model_fault("neighbour", "bit 3 of a word takes what bit 2 takes", {
        WRITE: "    if (write) words[write_address] <="
        " {write_data[WIDTH-1:4], {awake} ? write_data[2] : write_data[3], write_data[2:0]};\n"
    }),
    model_fault("disturbed", "bit 1 of a word flips where it is to stay and bit 0 rises", {
        WRITE: WRITE + "    if ({awake} && write && write_data[0] && words[write_address][0] === 1'b0"
        " && write_data[1] === words[write_address][1]) words[write_address][1] <= !write_data[1];\n"
    }),
    model_fault("silent", "nothing is read", {READ: "    if (read && !{awake}) read_data <= words[read_address];\n"}),
)  # fmt: skip


@pytest.fixture(scope="module", params=DESIGNS)
def generated(request, tmp_path_factory) -> tuple[Generated, int]:
    """A core whose memories are all macros, with a port for their test, and how many macros it has."""
    return generated_copy(DESIGNS[request.param], tmp_path_factory.mktemp("memory-test")), MACROS[request.param]


def march(generated: Generated, *arguments: str) -> tuple[int, str]:
    """Exit status of the march test of a generated folder, and what it printed."""
    icarus()
    command = ["make", "-C", generated.directory / "sim", "icarus", "TOP=remora_march", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def check_march(generated: Generated, macros: int) -> None:
    """The march test passes, and reads what it must of every macro."""
    status, printed = march(generated)
    passed = re.search(rf"^PASS: (\d+) words of {macros} macros compared$", printed, re.MULTILINE)
    assert status == 0 and passed, printed
    sizes = [macro for memory in generated.sidecar["memories"] for macro in memory["macros"]]
    backgrounds = [1 + (macro["width"] - 1).bit_length() for macro in sizes]
    words = [macro["words"][1] - macro["words"][0] + 1 for macro in sizes]
    # Of a word five reads with each background and nine after each width of stripes, and one of no macro.
    reads = [5 * rounds + 9 * (rounds - 1) for rounds in backgrounds]
    assert int(passed[1]) == 1 + sum(count * each for count, each in zip(words, reads, strict=True))


def check_numbers(generated: Generated) -> None:
    """A word written through the port is in the macro that the sidecar lists under its number, and in no other."""
    tool = icarus()
    paths = [macro["path"] for memory in generated.sidecar["memories"] for macro in memory["macros"]]
    shown = ", ".join(f"dut.{path}.words[0][7:0]" for path in paths)
    writes = "\n".join(
        f"    #10 memory_test_select = {n}; memory_test_write_data = {n + 1};" for n in range(len(paths))
    )
    bench = f"""`timescale 1ns / 1ps
module numbers;
  reg aclk = 0, aresetn = 0;
{design_under_test(generated.sidecar["ports"], high=("test_enable", "test_write"))}
  always #5 aclk = !aclk;
  initial begin
    #1;
{writes}
    #10 $display("words{" %d" * len(paths)}", {shown});
    $finish;
  end
endmodule
"""
    sources = [write_source("numbers.sv", bench), generated.netlist, *generated.models]
    build = build_icarus(sources, "numbers", name="numbers")
    printed = subprocess.run([str(tool.vvp), "-n", str(build.executable)], capture_output=True, text=True, check=True)
    words = next(line for line in printed.stdout.splitlines() if line.startswith("words")).split()[1:]
    assert [int(word) for word in words] == list(range(1, len(paths) + 1))


def test_sound_memories_pass(generated):
    check_march(*generated)


@pytest.mark.parametrize(
    ("design", "shape"),
    [
        pytest.param(COLUMNS, [(0, 10, 128), (0, 10, 64)], id="columns"),
        pytest.param(BANKS, [(0, 8192, 8), (8192, 1, 8)], id="banks"),
    ],
)
def test_each_macro_of_a_large_memory_has_a_number(design, shape, tmp_path):
    generated = generated_copy(design, tmp_path)
    found = [
        [(macro["words"][0], macro["words"][1] - macro["words"][0] + 1, macro["width"]) for macro in memory["macros"]]
        for memory in generated.sidecar["memories"]
    ]
    assert shape in found
    check_numbers(generated)


def test_wide_memories_pass(tmp_path):
    check_march(generated_copy(COLUMNS, tmp_path), macros=6)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_seen_in_every_macro(generated, fault, tmp_path):
    generated, macros = generated
    model = generated.directory / "macros" / "remora_memory.sv"
    broken = tmp_path / "remora_memory.sv"
    broken.write_text(mutate_model(model.read_text(encoding="utf-8"), "remora_memory", [fault]))
    models = [str(broken), *(str(each) for each in generated.models if each.name != model.name)]
    status, printed = march(generated, f"MODELS={' '.join(models)}", f"PLUSARGS=+{FAULT_PLUSARG}=1")
    assert status != 0 and f"FAIL: {macros} of {macros} macros" in printed, printed


def test_numbers_are_those_of_the_sidecar(generated):
    check_numbers(generated[0])


@pytest.mark.parametrize("enable", [0, 1])
def test_while_the_port_has_the_macros_the_core_does_not(enable, tmp_path):
    """The core takes a packet, whose bytes are in its memory or not."""
    tool, generated = icarus(), generated_copy(DESIGNS["learns"], tmp_path)
    (path,) = (each["macros"][0]["path"] for each in generated.sidecar["memories"] if ".buffer." in each["path"])
    bench = f"""`timescale 1ns / 1ps
module heard;
  reg aclk = 0, aresetn = 0;
{design_under_test(generated.sidecar["ports"], high=("axis_tvalid", "axis_tkeep"))}
  always #5 aclk = !aclk;
  initial begin
    memory_test_enable = {enable};
    memory_test_select = 16'hffff;
    s_axis_tkeep = 4'hf;
    #201 aresetn = 1;
    #20 s_axis_tdata = 32'h00010000;
    #500 $display("known %b", ^dut.{path}.words[0] !== 1'bx);
    $finish;
  end
endmodule
"""
    sources = [write_source("heard.sv", bench), generated.netlist, *generated.models]
    build = build_icarus(sources, "heard", name="heard")
    printed = subprocess.run([str(tool.vvp), "-n", str(build.executable)], capture_output=True, text=True, check=True)
    assert f"known {1 - enable}" in printed.stdout


def test_in_operation_the_testbench_passes(generated):
    generated, _ = generated
    icarus()
    done = subprocess.run(["make", "-C", generated.directory / "sim", "icarus"], capture_output=True, text=True)
    assert done.returncode == 0 and "\nPASS: " in done.stdout, done.stdout + done.stderr
    constraints = (generated.directory / generated.sidecar["files"]["constraints"]).read_text()
    assert "set_case_analysis 0 [get_ports memory_test_enable]" in constraints


@pytest.mark.parametrize("preset", ["tiny", "kws"])
def test_without_the_field_there_is_no_such_port(preset):
    plain = generated_once(load_design(preset, Design))
    assert "memory_test" not in plain.netlist.read_text(encoding="utf-8")
    assert not (plain.directory / "sim" / "remora_march.v").exists()
    assert plain.design.evolve(system={"memory_test": True}).hash != plain.design.hash
