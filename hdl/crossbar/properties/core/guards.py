"""What software may do through the registers: proven of the register block, given to proofs about whole designs."""

from __future__ import annotations

from amaranth.hdl import Value

from remora.hdl.cells.bistable_cells import THRESHOLDS
from remora.hdl.crossbar.properties.core import HERE
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import Kind, register_map

HOST = "host"
"""The checker."""
COMMANDS = ("commit", "read", "drive", "convert")
_SIGNALS = ("guard_halted", "guard_window", "guard_discharged", "control_run", "control_soft_reset")


def guards(name: str, design: DesignPoint) -> Proof:
    """The registers of a design ask nothing that a guard forbids."""
    return Proof(
        f"guards-{name}",
        f"{name}: registers ask nothing of the core that a guard forbids, one write at a time",
        lambda: RegisterBlock(design),
        {HOST: _checker(design)},
        {
            f"{HOST}.silent": Mutant("", {"control_run": "good_control_run | late"}, _LATE.format("rst")),
            f"{HOST}.commanded": Mutant("", {"guard_discharged": "1'b1"}),
            f"{HOST}.halted_only": Mutant("", {"guard_halted": "1'b1"}),
            f"{HOST}.discharged_only": Mutant("", {"guard_discharged": "guard_discharged | bus__bready"}),
            f"{HOST}.apart": Mutant("", {"control_soft_reset": "good_control_soft_reset | late"},
                                           _LATE.format("good_control_soft_reset")),
            f"{HOST}.alone": Mutant("", {_READ: f"good_{_READ} | good_control_soft_reset"}),
            **({f"{HOST}.loaded": Mutant("", {"guard_cells": "1'b1"})} if _loads(design) else {}),
        },
    )  # fmt: skip


_READ = "window_control_read"
_LATE = "reg late = 0; always @(posedge clk) late <= {};"


def _checker(design: DesignPoint) -> Checker:
    widths = _widths(design)
    fields = [name for name in widths if name not in (*_SIGNALS, *_commands(design))]
    loads = _loads(design)
    ports = {
        **{guard: guard for guard in ("guard_halted", "guard_discharged")},
        "guard_commands": "guard_window", "run": "control_run", "abort": "control_soft_reset",
        "commands": f"{{{', '.join(_commands(design))}}}",
        "charged_command": "window_control_commit || window_control_read",
        "loads": f"{{{', '.join(loads)}}}" if loads else "2'd0", "guard_loads": "guard_cells" if loads else "1'b0",
        "fields": f"{{{', '.join(fields)}}}", "kept": "",
    }  # fmt: skip
    parameters = {
        "COMMANDS": len(_commands(design)),
        "LOADS": len(loads),
        "FIELDS": sum(widths[name] for name in fields),
    }
    return Checker("guards_rules", ports, parameters, HERE)


def _loads(design: DesignPoint) -> list[str]:
    """Pulses that load thresholds."""
    return [f"cell_{name}_write" for name in THRESHOLDS] if design.capabilities.bistable else []


def _commands(design: DesignPoint) -> list[str]:
    return [f"window_control_{name}" for name in COMMANDS]


def _widths(design: DesignPoint) -> dict[str, int]:
    """Every signal of the register block that the checker looks at, and its width."""
    block = RegisterBlock(design)
    block._MustUse__used = True
    ports = {"__".join(map(str, path)): len(Value.cast(value)) for path, _, value in block.signature.flatten(block)}
    # A pointer that reads of another register move is no setting.
    fields = [
        field.port
        for register in register_map(design)
        for field in register.fields
        if field.kind is Kind.CONFIGURATION and register.guard == "halted" and not field.advanced_by
    ]
    return {name: ports[name] for name in (*_SIGNALS, *_commands(design), *fields)}
