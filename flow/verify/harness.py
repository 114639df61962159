"""The simulated top level: the generated design, player and recorder at its streams, monitors and checks beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remora.flow.generate.directory import Generated
from remora.flow.generate.integrate.constraints import TEST_MODE
from remora.flow.signoff.gates import Gates
from remora.flow.tools.build import Waves
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.ports import input_names
from remora.flow.tools.simulator import Build, build, write_source
from remora.flow.tools.verilator import Optimise, written_file
from remora.flow.verify.followers import CLOCK, EDGE, follower, followers, inner_names
from remora.flow.verify.trace_package import PACKAGE, trace_package
from remora.hdl.lib.memory_test.access import PREFIX
from remora.hdl.lib.reset_tree import LOCAL
from remora.tb.lib.recording import RECORDING, RECORDING_BITS

HARNESS = "remora_harness"
SOURCES = Path(__file__).parents[2] / "tb" / "sv"
TRACE = ("trace_file", "trace_head", "streamed_words")
"""What monitors are made of."""
STREAM = ("tdata", "tkeep", "tlast", "tvalid", "tready")
PORTS = (
    "input wire play", "output wire [31:0] recorded", "input wire play_registers", "output wire registers_playing",
    "output wire [31:0] registers_done", "output wire registers_failed",
)  # fmt: skip
"""Of the top module, whatever the system: those of players and recorder."""
ALWAYS = ("stream_check", "packet_player", "answer_recorder", "register_player")
"""Modules of tb/sv in every harness, besides those of a trace."""
BUS = "s_axil_"
"""What ports of the register bus begin with."""
ANSWERED = ("bresp", "rdata", "rresp")
"""What the design says on that bus, to whoever asked."""
RESET_N = follower("aresetn")
"""Signal of the reset pin inside the harness."""


@dataclass(frozen=True)
class Instance:
    """A module beside the design: its ports as expressions in the harness, where the design is ``dut``."""

    module: str
    name: str
    ports: Mapping[str, str]
    parameters: Mapping[str, int] = field(default_factory=dict)

    @property
    def verilog(self) -> str:
        """Its instantiation."""
        given = ", ".join(f".{name}({value})" for name, value in self.parameters.items())
        ports = ",\n".join(f"      .{name}({value})" for name, value in self.ports.items())
        return f"  {self.module} {f'#({given}) ' if given else ''}{self.name} (\n{ports}\n  );\n"


def beside(module: str, signals: Mapping[str, str], parameters: Mapping[str, int] | None = None) -> Instance:
    """A module of tb/sv that only watches: every input takes the signal of its name.

    Raises:
        KeyError: there is none for an input.
    """
    inputs = input_names(f"remora_{module}", [SOURCES / f"remora_{module}.sv"])
    ports = {name: signals[name] for name in inputs}
    return Instance(f"remora_{module}", module, ports, parameters or {})


@dataclass(frozen=True)
class Harness:
    """What a system puts around its design.

    Attributes:
        ports: further ports of the top module, as they are declared.
        watching: monitors and checks, of `beside`; the check of the answers' stream is always there, and so are the
            player of packets and the recorder of answers.
        modules: files in tb/sv, without prefix and ending, of all of these.
        package: text of the package ``remora_trace``.
        defines: macros of the preprocessor that are defined.
        arguments: further ones of Verilator.
        text: further Verilog of the top module.
    """

    ports: tuple[str, ...] = ()
    watching: tuple[Instance, ...] = ()
    modules: tuple[str, ...] = ()
    package: str = trace_package({}, {}, {})
    defines: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    text: str = ""


MakeHarness = Callable[[Any, Mapping[str, Mapping[str, Any]]], Harness]
"""What a system puts around a design point: `remora.flow.systems.system.System.harness`."""
Written = Mapping[str, Collection[str]]
"""Registers inside a design that a bench writes, by Verilog module; ``*`` is any part of a name."""


def harness_verilog(ports: Sequence[Mapping], harness: Harness) -> str:
    """Top module with the ports of the design and those of its system, ``play`` of the player of packets, and
    ``recorded`` of the recorder of answers, and those of the player of registers.

    Args:
        ports: of the design, as the sidecar has them.
    """
    of_tests = [port for port in ports if port["name"] == TEST_MODE or port["name"].startswith(PREFIX)]
    tied = {port["name"]: f"{port['width']}'b0" for port in of_tests if port["direction"] == "input"}
    ports = [port for port in ports if port not in of_tests]
    inner = inner_names(ports)
    declared = [f"{port['direction']} wire [{port['width'] - 1}:0] {port['name']}" for port in ports]
    listed = ",\n".join(f"    {each}" for each in (*declared, *PORTS, *harness.ports))
    packets, answers = ({name: f"{bus}_{name}" for name in STREAM} for bus in ("packets", "answers"))
    timed = {"clk": CLOCK, "aresetn": RESET_N}
    sent = {f"agent_{name}": inner[f"s_axis_{name}"] for name in STREAM}
    taken = {f"agent_{name}": inner[f"m_axis_{name}"] for name in ("tvalid", "tready")}
    instances = [
        beside("stream_check", {"clk": CLOCK, "reset": f"!{RESET_N}", **answers}),
        *harness.watching,
        Instance("remora_packet_player", "player", {**timed, "play": "play", **sent, **packets}),
        Instance("remora_answer_recorder", "recorder", {**timed, **answers, **taken, "recorded": "recorded"}),
    ]
    ends = {f"s_axis_{name}": packets[name] for name in STREAM} | {f"m_axis_{name}": answers[name] for name in STREAM}
    bus = {port["name"].removeprefix(BUS): port for port in ports if port["name"].startswith(BUS)}
    wires = {name: f"bus_{name}" for name in bus}
    instances.append(_register_player(bus, wires, inner))
    instances.append(
        Instance("remora", "dut", inner | tied | ends | {f"{BUS}{name}": wire for name, wire in wires.items()})
    )
    through = [(inner[f"m_axis_{name}"], answers[name]) for name in ("tdata", "tkeep", "tlast")]
    through += [(inner[f"{BUS}{name}"], wires[name]) for name in ANSWERED if name in bus]
    passed = "".join(f"  wire [{port['width'] - 1}:0] {wires[name]};\n" for name, port in bus.items())
    passed += "".join(f"  assign {outside} = {within};\n" for outside, within in through)
    return f"""`timescale 1ns / 1ps
{EDGE}module {HARNESS} (
{listed}
);
{followers(ports)}  wire [31:0] packets_tdata, answers_tdata;
  wire [3:0] packets_tkeep, answers_tkeep;
  wire packets_tlast, packets_tvalid, packets_tready, answers_tlast, answers_tvalid, answers_tready;
{passed}{"".join(instance.verilog for instance in instances)}{harness.text}endmodule
"""


def _register_player(bus: Mapping[str, Mapping], wires: Mapping[str, str], inner: Mapping[str, str]) -> Instance:
    """Between the bus of the top module and that of the design."""
    handshakes = {f"agent_{name}": inner[f"{BUS}{name}"] for name in bus if name not in ANSWERED}
    told = {name: f"registers_{name}" for name in ("playing", "done", "failed")}
    ports = {"clk": CLOCK, "aresetn": RESET_N, "play": "play_registers", **handshakes, **wires, **told}
    return Instance("remora_register_player", "registers", ports, {"ADDRESS_BITS": bus["awaddr"]["width"]})


def inside(path: str, wrapped: Collection[str]) -> str:
    """The path of a port in a mutated netlist, where the instances of these paths hold what is in them in an instance
    ``good``.

    What resets a module's registers is no port but a signal inside.
    """
    *outer, port = path.split(".")
    held = len(outer) if port == LOCAL else len(outer) - 1
    inner = (".".join(outer[: depth + 1]) in wrapped and depth < held for depth in range(len(outer)))
    return ".".join([*(f"{each}.good" if good else each for each, good in zip(outer, inner, strict=True)), port])


def monitor_sources(package: str, *modules: str) -> list[Path]:
    """The package of a trace, what monitors are made of, and further modules of tb/sv, in the order of compilation."""
    parts = (SOURCES / f"remora_{name}.sv" for name in (*TRACE, *modules))
    return [write_source(f"{PACKAGE}.sv", package), *parts]


def build_harness(
    generated: Generated,
    make: MakeHarness,
    *,
    waves: Waves | None = None,
    netlist: Path | None = None,
    models: Sequence[Path] | None = None,
    wrapped: Collection[str] = (),
    written: Written | None = None,
    optimise: Optimise = "run",
) -> Build:
    """Build the simulated top level for cocotb.

    Args:
        make: the system's own.
        netlist, models: in place of the generated ones, for mutated copies (`remora.flow.faults.mutation`).
        wrapped: paths of the instances of a mutated netlist that hold what is in them in ``good``.
        written: what a bench writes inside the design.
    """
    found = generated.sidecar["probes"]
    probes = {name: {**probe, "path": inside(probe["path"], wrapped)} for name, probe in found.items()}
    harness = make(generated.design, probes)
    if waves == "saif":
        port = f"input wire [{RECORDING_BITS - 1}:0] {RECORDING}"
        harness = replace(harness, ports=(*harness.ports, port))
    sources = _sources(generated, harness, netlist or generated.netlist, models or generated.models)
    if written:
        sources.append(write_source("written.vlt", written_file(written)))
    arguments = (*(f"-D{define}" for define in harness.defines), *harness.arguments)
    return build(sources, HARNESS, name=generated.design.name, waves=waves, optimise=optimise, arguments=arguments)


def build_gates(generated: Generated, make: MakeHarness, gates: Gates) -> Build:
    """Build the simulated top level for cocotb on Icarus Verilog, with gates in place of the Verilog.

    Args:
        make: the system's own.
        gates: of the same design.
    """
    harness = make(generated.design, generated.sidecar["probes"])
    # Icarus Verilog 11 fails on a constant of a module that nobody instantiates where the cells come after it.
    sources = _sources(generated, harness, gates.netlist, [gates.models, *generated.models])
    return build_icarus(sources, HARNESS, name=f"{generated.design.name}-gates", defines=harness.defines)


def _sources(generated: Generated, harness: Harness, netlist: Path, models: Sequence[Path]) -> list[Path]:
    """All that is compiled, in order."""
    text = harness_verilog(generated.sidecar["ports"], harness)
    monitors = monitor_sources(harness.package, *ALWAYS, *harness.modules)
    return [*monitors, netlist, *models, write_source(f"{HARNESS}.sv", text)]
