"""The harness of a proof: the generated hardware with its checkers beside it, as Verilog that Yosys reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from amaranth.hdl import Value
from amaranth.lib.wiring import In

import remora.hdl.macros
from remora.hdl.lib.properties.proof import Mutant, Proof
from remora.hdl.lib.verilog import Netlist, convert
from remora.spec.lib.errors import RemoraError

TOP, DUT = "prove", "dut"
HARDWARE, HARNESS, MUTANT = "hardware.v", "harness.sv", "mutant.sv"
ALIVE = "alive"
"""Cover of every harness: after so many cycles the assumptions still allow a next one."""
ALIVE_CYCLES = 16
RESET_CYCLES = 3
"""How long the reset pin is held low at least: less than its contract asks, so that the proofs say more."""
_MACROS = Path(remora.hdl.macros.__path__[0]) / "properties"
_FAMILY = "remora"


class ProofError(RemoraError):
    """A proof says nothing; the message has what is wrong with it."""


@dataclass(frozen=True)
class Harness:
    """A proof with its sources.

    Attributes:
        proof: what it is for.
    """

    proof: Proof

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Name → text of every source."""
        netlist = self._netlist
        clocked = "clk" in netlist.library.ports[DUT]
        texts = {HARDWARE: netlist.verilog, HARNESS: self._text(clocked)}
        for checker in self.proof.checkers.values():
            texts[f"{checker.module}.sv"] = (checker.folder / f"{checker.module}.sv").read_text(encoding="utf-8")
        for macro in self.proof.macros:
            texts[f"{macro}_formal.sv"] = (_MACROS / f"{macro}_formal.sv").read_text(encoding="utf-8")
        return texts

    @cached_property
    def _netlist(self) -> Netlist:
        return convert(self.proof.top(), DUT)

    def mutate(self, mutant: Mutant) -> tuple[str, list[str]]:
        """A module that stands in the place of the mutant's, and the pass of Yosys that lets it.

        Raises:
            ProofError: the hardware has no such module or port.
        """
        name = f"{_FAMILY}_{mutant.module}" if mutant.module else DUT
        ports = self._netlist.library.ports.get(name)
        if ports is None or not ports.keys() >= mutant.ports.keys():
            raise ProofError(
                f"{self.proof.name}: a mutant names {name}, {', '.join(mutant.ports)}: there is no such port"
            )
        ports = {port: each for port, each in ports.items() if each.direction != "internal"}
        declared, wires, pins = [], [], []
        for port, each in ports.items():
            declared.append(f"  {each.direction} wire {_range(each.width)}{port}")
            sound = f"good_{port}" if each.direction == "output" else port
            carried = mutant.ports.get(port, sound)
            if each.direction == "output":
                wires += [f"  wire {_range(each.width)}{sound};", f"  assign {port} = {carried};"]
            elif port in mutant.ports:
                wires += [f"  wire {_range(each.width)}good_{port} = {carried};"]
                sound = f"good_{port}"
            pins.append(f".{port}({sound})")
        text = [
            f"module {name} (", ",\n".join(declared), ");", *wires, mutant.helper,
            f"  {name}_good good ({', '.join(pins)});", "endmodule", "",
        ]  # fmt: skip
        return "\n".join(text), [f"rename {name} {name}_good"]

    @property
    def script(self) -> list[str]:
        """Passes of Yosys that read the sources."""
        return [f"read_verilog -sv -formal {name}" for name in sorted(self.files)]

    def _text(self, clocked: bool) -> str:
        proof, ports = self.proof, self._ports()
        inputs = {name: width for name, (direction, width) in ports.items() if direction is In}
        clock, reset = ("aclk", "aresetn") if proof.pinned else ("clk", "rst")
        inputs = {name: width for name, width in inputs.items() if name not in (clock, reset)}
        declared = [f"input wire {clock}", f"input wire {reset}_wanted"]
        declared += [f"input wire {_range(width)}{name}" for name, width in (inputs | dict(proof.outside)).items()]
        lines = [
            "`default_nettype none", f"module {TOP} (", ",\n".join(f"  {each}" for each in declared), ");",
            *self._reset(),
            *(f"  wire {_range(width)}{name};" for name, (direction, width) in ports.items() if direction is not In),
            *(f"  wire {_range(width)}{name};" for name, width in proof.wires.items()),
            *(f"  (* anyconst *) reg {_range(width)}{name};" for name, width in proof.constants.items()),
        ]  # fmt: skip
        # Flattening connects a wire of this attribute with the signal whose path its name is.
        for name, (path, width) in proof.inside.items():
            lines += [
                f"  (* hierconn *) wire {_range(width)}\\{DUT}.{path} ;",
                f"  wire {_range(width)}{name} = \\{DUT}.{path} ;",
            ]
        connected = [name for name in ports if name not in (clock, reset)]
        connected += [clock, reset] if proof.pinned else [name for name in ("clk", "rst") if clocked]
        lines.append(f"  {DUT} {DUT} ({', '.join(f'.{name}({name})' for name in connected)});")
        for name, checker in proof.checkers.items():
            values = ", ".join(f".{parameter}({value})" for parameter, value in checker.parameters.items())
            bound = {"clk": clock, "rst": f"!{reset}" if proof.pinned else reset, **checker.ports}
            pins = ", ".join(f".{port}({what})" for port, what in bound.items())
            lines.append(f"  {checker.module} {f'#({values}) ' if values else ''}{name} ({pins});")
        lines += [f"  assumed_{name}: assume property ({what});" for name, what in proof.assumed.items()]
        lines += ["endmodule", "`default_nettype wire", ""]
        return "\n".join(lines)

    def _ports(self) -> dict[str, tuple[object, int]]:
        """Port of the hardware → its flow and width, clock and reset apart unless its signature has them."""
        top = self.proof.top()
        # It is looked at alone: Amaranth would warn that it is never elaborated.
        top._MustUse__used = True  # type: ignore[attr-defined]
        return {
            "__".join(map(str, path)): (member.flow, len(Value.cast(value)))
            for path, member, value in top.signature.flatten(top)
        }

    def _reset(self) -> list[str]:
        """The reset: at first, and then whenever it may come."""
        clock = "aclk" if self.proof.pinned else "clk"
        lines = [
            "  reg [5:0] cycles = 0;",
            f"  always @(posedge {clock}) if (cycles != 63) cycles <= cycles + 1;",
            f"  {ALIVE}: cover property (cycles == {ALIVE_CYCLES});",
        ]
        if not self.proof.pinned:
            return [*lines, "  wire rst = cycles == 0 || rst_wanted;"]
        return [
            *lines,
            "  reg [3:0] held = 0;",
            "  wire aresetn = held == 0 && cycles != 0 && aresetn_wanted;",
            f"  always @(posedge aclk) held <= held != 0 ? held - 1 : aresetn ? 0 : {RESET_CYCLES - 1};",
        ]


def _range(width: int) -> str:
    return "" if width == 1 else f"[{width - 1}:0] "
