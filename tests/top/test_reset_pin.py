"""The reset pin at any moment, also within a cycle: nothing is offered or taken until it has ended."""

from __future__ import annotations

import subprocess
from random import Random

import pytest

from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import write_source
from remora.spec.lib.reset import HELD_CYCLES, LATENCY_CYCLES
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_copy, icarus
from tests.top.plain_bench import design_under_test

PERIOD = 10
HANDSHAKES = ("s_axis_tready", "m_axis_tvalid", "s_axil_awready", "s_axil_wready", "s_axil_bvalid", "s_axil_arready",
              "s_axil_rvalid")  # fmt: skip
RESETS = 20


def bench(ports: list[dict], random: Random) -> str:
    """A plain bench that asks for everything all the time, and prints the handshakes at every edge."""
    resets = "\n".join(
        f"    #{random.randrange(40 * PERIOD)} aresetn = 0;\n"
        f"    #{HELD_CYCLES * PERIOD + random.randrange(3 * PERIOD)} aresetn = 1;\n"
        f"    #{(LATENCY_CYCLES + 3) * PERIOD};"
        for _ in range(RESETS)
    )
    return f"""`timescale 1ns / 1ps
module reset_pin;
  reg aclk = 0, aresetn = 0;
{design_under_test(ports, high=("valid", "ready"))}
  always #{PERIOD // 2} aclk = !aclk;
  always @(posedge aclk) $display("edge %b %b", aresetn, {{{", ".join(HANDSHAKES)}}});
  initial begin
    // Never at the very edge.
    #0.5;
    #{HELD_CYCLES * PERIOD} aresetn = 1;
    #{(LATENCY_CYCLES + 3) * PERIOD};
{resets}
    #{20 * PERIOD} $finish;
  end
endmodule
"""


@pytest.mark.parametrize("preset", ["tiny", "kws"])
def test_nothing_is_offered_or_taken_in_reset(preset, tmp_path):
    tool, generated = icarus(), generated_copy(load_design(preset, Design), tmp_path)
    sources = [
        write_source("reset_pin.sv", bench(generated.sidecar["ports"], Random(preset))),
        generated.netlist,
        *generated.models,
    ]
    build = build_icarus(sources, "reset_pin", name="reset_pin")
    command = [str(tool.vvp), "-n", str(build.executable)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    edges = [line.split()[1:] for line in printed.splitlines() if line.startswith("edge")]
    low = since_low = since_high = busy = 0
    ends = set()
    for pin, handshakes in edges:
        since_low, since_high = (since_low + 1, 0) if pin == "0" else (0, since_high + 1)
        low += since_low == 1
        # The first edge of the simulation is the one that power-up has to itself.
        if since_low and (low > 1 or since_low > 1):
            assert handshakes == "0000000", f"in the {since_low}th cycle of reset {low}"
        if since_high:
            # The pin may rise just before an edge or just after one.
            if since_high <= LATENCY_CYCLES:
                assert handshakes == "0000000", f"{since_high} cycles after the pin rose"
            elif "1" in handshakes:
                busy += 1
                if since_high <= LATENCY_CYCLES + 3:
                    ends.add(since_high)
    assert low == RESETS + 1 and busy > 100
    assert min(ends) in (LATENCY_CYCLES + 1, LATENCY_CYCLES + 2)
