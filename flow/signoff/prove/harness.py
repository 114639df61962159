"""The harness of a proof: the generated hardware with its checkers beside it, as Verilog that Yosys reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import remora.hdl.macros
from remora.hdl.lib.hierarchy import Port
from remora.hdl.lib.properties.proof import Mutant, Proof
from remora.hdl.lib.verilog import Netlist, convert
from remora.spec.lib.errors import RemoraError

TOP, DUT = "prove", "dut"
HARDWARE, HARNESS, MUTANT, CUT = "hardware.v", "harness.sv", "mutant.sv", "cut.sv"
ALIVE = "alive"
"""Cover of every harness: after so many cycles the assumptions still allow one out of reset."""
ALIVE_CYCLES = 16
RESET_CYCLES = 3
"""How long the reset pin is held low at least: less than its contract asks, so that the proofs say more."""
CLOCK_GATE = "remora_clock_gate"
GATED = "gated_flip_flops.v"
"""What takes the place of flip-flops behind a clock gate: a step of a proof is a cycle of the clock before it."""
COVERS = "covers.v"
"""What makes an assertion of a cover that it is not reached."""
HERE = Path(__file__).parent
_MACROS = Path(remora.hdl.macros.__path__[0]) / "properties"
_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)
_FAMILY = "remora"
_SOUND = "good"
"""Instance of the sound module in a mutant."""


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
        texts = {HARDWARE: self._netlist.verilog, HARNESS: self._text()}
        for checker in self.proof.checkers.values():
            texts[f"{checker.module}.sv"] = (checker.folder / f"{checker.module}.sv").read_text(encoding="utf-8")
        for macro in self.proof.macros:
            texts[f"{macro}_formal.sv"] = (_MACROS / f"{macro}_formal.sv").read_text(encoding="utf-8")
        if CLOCK_GATE in self.proof.macros:
            texts[GATED] = (HERE / GATED).read_text(encoding="utf-8")
        return texts

    @cached_property
    def _netlist(self) -> Netlist:
        return convert(self.proof.top(), DUT)

    def mutate(self, mutant: Mutant) -> tuple[Mapping[str, str], list[str]]:
        """The sources that change, and the pass of Yosys that lets a module stand in the place of the mutant's.

        Raises:
            ProofError: the hardware has no such module or port, or its outputs may be anything without a mistake.
        """
        name = _module(mutant.module)
        ports = self._declared(name)
        if not ports or not ports.keys() >= mutant.ports.keys():
            raise ProofError(
                f"{self.proof.name}: a mutant names {name}, {', '.join(mutant.ports)}: there is no such port"
            )
        if mutant.module in self.proof.cut:
            raise ProofError(f"{self.proof.name}: a mutant names {name}, which is cut")
        if mutant.pins:
            if mutant.ports or mutant.helper:
                raise ProofError(f"{self.proof.name}: a mutant has pins and ports: one of them would be left out")
            return {HARDWARE: self._reconnect(name, mutant.pins)}, []
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
            f"  {name}_good {_SOUND} ({', '.join(pins)});", "endmodule", "",
        ]  # fmt: skip
        passes = [f"rename {name} {name}_good", f"read_verilog -sv -formal {MUTANT}"]
        return {HARNESS: self._text(name), MUTANT: "\n".join(text)}, passes

    def _reconnect(self, module: str, pins: Mapping[str, str]) -> str:
        """The netlist with other things at pins of instances in a module."""
        before, start, rest = self._netlist.verilog.partition(f"\nmodule {module}(")
        body, end, after = rest.partition("\nendmodule")
        for pin, carried in pins.items():
            instance, _, port = pin.partition(".")
            pattern = rf"(^  (?:\) )?(?:\w+ )?{instance} \((?:\n    \..*)*?\n    \.{port}\()(.*)(\),?$)"
            reconnected = carried.replace("%", r"(\g<2>)")
            body, count = re.subn(pattern, rf"\g<1>{reconnected}\g<3>", body, flags=re.MULTILINE)
            if count != 1:
                raise ProofError(f"{self.proof.name}: a mutant names {module}, {pin}: there is no such pin")
        return before + start + body + end + after

    @property
    def script(self) -> list[str]:
        """Passes of Yosys that read the sources."""
        return [f"read_verilog -sv -formal {name}" for name in sorted(self.files) if name != GATED]

    def cut(self) -> tuple[Mapping[str, str], list[str]]:
        """The source of what takes the place of blocks that are cut, and the passes of Yosys that put it there.

        Raises:
            ProofError: there is no such block.
        """
        if not self.proof.cut:
            return {}, []
        text, passes = [], []
        for block in self.proof.cut:
            name = _module(block)
            ports = self._declared(name)
            if not ports:
                raise ProofError(f"{self.proof.name}: {name} is cut, and there is no such block")
            free = {port: each.width for port, each in ports.items() if each.direction == "output"}
            text += [
                f"module {name} (",
                ",\n".join(f"  {each.direction} wire {_range(each.width)}{port}" for port, each in ports.items()),
                ");",
                *(f"  (* anyseq *) reg {_range(width)}any_{port};" for port, width in free.items()),
                *(f"  assign {port} = any_{port};" for port in free),
                "endmodule",
            ]
            passes += [f"select -assert-min 1 t:{name}", f"delete {name}"]
        return {CUT: "\n".join([*text, ""])}, [*passes, f"read_verilog -sv -formal {CUT}"]

    def prepare(self) -> list[str]:
        """Passes of Yosys that make one module of what was read."""
        # Two rules that become the same, such as those of two tiles side by side, stay two.
        script = [f"hierarchy -check -top {TOP}", "proc", "setattr -set keep 1 t:$check"]
        script += [
            f"chformal -assert -cover -remove *{macro}*/*"
            for macro in self.proof.macros
            if macro not in self.proof.contracts
        ]
        # A signal that is looked at and not there would be free. What Verilog leaves undefined may be anything.
        script += ["flatten", "select -assert-none a:hierconn"]
        if CLOCK_GATE in self.proof.macros:
            # The gate's output by its attribute, and by the other name that `opt_clean` may give it.
            clocked = "a:gated_clock %ci1 w:* %i a:gated_clock %u %co1:+[CLK] c:* %i"
            script += [
                "opt_clean", f"select -set gated {clocked}", "select -assert-min 1 @gated",
                f"techmap -map {GATED} @gated", f"select -assert-none {clocked}",
            ]  # fmt: skip
        return [*script, f"prep -flatten -top {TOP}", "setundef -anyseq"]

    def _text(self, mutated: str = "") -> str:
        """The harness; ``mutated`` is the module in whose place a mutant stands."""
        proof, ports = self.proof, self._declared(DUT)
        inputs = {name: each.width for name, each in ports.items() if each.direction == "input"}
        outputs = {name: each.width for name, each in ports.items() if each.direction == "output"}
        clock, reset = ("aclk", "aresetn") if proof.pinned else ("clk", "rst")
        inputs = {name: width for name, width in inputs.items() if name not in (clock, reset)}
        declared = [f"input wire {clock}", f"input wire {reset}_wanted"]
        declared += [f"input wire {_range(width)}{name}" for name, width in (inputs | dict(proof.outside)).items()]
        lines = [
            "`default_nettype none", f"module {TOP} (", ",\n".join(f"  {each}" for each in declared), ");",
            *self._reset(),
            *(f"  wire {_range(width)}{name};" for name, width in (outputs | dict(proof.wires)).items()),
            *(f"  (* anyconst *) reg {_range(width)}{name};" for name, width in proof.constants.items()),
        ]  # fmt: skip
        # Flattening connects a wire of this attribute with the signal whose path its name is.
        for name, (path, width) in proof.inside.items():
            found = self._path(path, mutated)
            lines += [
                f"  (* hierconn *) wire {_range(width)}\\{found} ;",
                f"  wire {_range(width)}{name} = \\{found} ;",
            ]
        lines.append(f"  {DUT} {DUT} ({', '.join(f'.{name}({name})' for name in ports)});")
        for name, checker in proof.checkers.items():
            values = ", ".join(f".{parameter}({value})" for parameter, value in checker.parameters.items())
            bound = {"clk": clock, "rst": f"!{reset}" if proof.pinned else reset, **checker.ports}
            pins = ", ".join(f".{port}({what})" for port, what in bound.items())
            lines.append(f"  {checker.module} {f'#({values}) ' if values else ''}{name} ({pins});")
        for name, what in proof.assumed.items():
            if name in proof.earlier:
                lines += [
                    f"  reg was_{name} = 1;",
                    f"  always @(posedge {clock}) was_{name} <= {what};",
                ]
                what = f"was_{name}"
            lines.append(f"  assumed_{name}: assume property ({what});")
        lines += ["endmodule", "`default_nettype wire", ""]
        return "\n".join(lines)

    def _declared(self, module: str) -> dict[str, Port]:
        """Ports of a module as the netlist declares them: those of the tree of the reset are among them."""
        _, found, rest = self._netlist.verilog.partition(f"\nmodule {module}(")
        body = rest.partition("\nendmodule")[0] if found else ""
        return {name: Port(direction, int(top or 0) + 1) for direction, top, name in _PORT.findall(body)}

    def rule(self, rule: str, mutant: Mutant | None) -> str:
        """What a rule is called below the harness, where a mutant stands in its place."""
        if mutant is None or not mutant.ports or not rule.startswith(f"{DUT}."):
            return rule
        return self._path(rule.removeprefix(f"{DUT}."), _module(mutant.module))

    def _path(self, path: str, mutated: str) -> str:
        """Path of a signal below the harness: what the mutant's place holds has its ports from there, and the rest from
        the sound module within."""
        library, (*instances, signal), module, found = self._netlist.library, path.split("."), DUT, [DUT]
        for instance in instances:
            if module == mutated:
                found.append(_SOUND)
            found.append(instance)
            module = library.children.get(module, {}).get(instance, "")
        if module == mutated and signal not in self._declared(module):
            found.append(_SOUND)
        return ".".join([*found, signal])

    def _reset(self) -> list[str]:
        """The reset: at first, and then whenever it may come."""
        clock = "aclk" if self.proof.pinned else "clk"
        lines = [
            "  reg [5:0] cycles = 0;",
            f"  always @(posedge {clock}) if (cycles != 63) cycles <= cycles + 1;",
            f"  {ALIVE}: cover property (cycles == {ALIVE_CYCLES} && {'aresetn' if self.proof.pinned else '!rst'});",
        ]
        if not self.proof.pinned:
            return [*lines, "  wire rst = cycles == 0 || rst_wanted;"]
        return [
            *lines,
            "  reg [3:0] held = 0;",
            "  wire aresetn = held == 0 && cycles != 0 && aresetn_wanted;",
            f"  always @(posedge aclk) held <= held != 0 ? held - 1 : aresetn ? 0 : {RESET_CYCLES - 1};",
        ]


def _module(block: str) -> str:
    return f"{_FAMILY}_{block}" if block else DUT


def _range(width: int) -> str:
    return "" if width == 1 else f"[{width - 1}:0] "
