"""Proofs about the scan loader: nothing is latched or trusted but what its check word vouches for."""

from __future__ import annotations

from remora.hdl.bmru.properties.designs import HERE, ONE
from remora.hdl.bmru.scan_loader import ScanLoader
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.bmru.scan import chain_bits
from remora.spec.lib.registers import WORD_BITS

STROBES = ("scan_enable", "scan_capture", "scan_latch")
_INSIDE = {
    "crc": ("$signal$31", WORD_BITS), "latches": ("$signal$32", 1), "reading": ("reading", 1),
    "state": ("fsm_state", 4), "position": ("position", 5), "shifted": ("shifted", 5),
    "leaves": ("$signal$33", 1), "in_chain": ("$signal$36", 1),
}  # fmt: skip
"""Registers of the loader. Four of them have no name of their own; another in their place would break a rule."""


def scan() -> list[Proof]:
    """All of them."""
    return [_commands(), _steps(), _check_words()]


def _commands() -> Proof:
    ports = {"trusted": "trusted", "done": "host__done", "failed": "host__failed"}
    ports |= {name: name for name in STROBES}
    return Proof(
        "scan-loader",
        "the scan loader asks one thing of the chain at a time, and trusts nothing when a command fails",
        lambda: ScanLoader(ONE),
        {"scan": Checker("scan_rules", ports, folder=HERE)},
        {
            "scan.one_strobe": Mutant("", {"scan_latch": "good_scan_latch | good_scan_capture"}),
            "scan.fails_doubted": Mutant("", {"host__failed": "good_scan_capture"}),
        },
        # A word goes through the chain before its check can fail.
        depth=60,
    )


def _vouches(given: bool) -> Checker:
    """What the check word vouches for; or, with ``given``, given that the loader is where the rules think it is."""
    bits = chain_bits(ONE)
    host = (
        "load",
        "verify",
        "busy",
        "check",
        "wants_word",
        "data_write",
        "data_value",
        "data_strobes",
        "done",
        "failed",
    )
    wrong = ", ".join(f"host__{part}_wrong" for part in ("latches", "chain", "written"))
    ports = {name: name for name in (*STROBES, "scan_in", "scan_out", "trusted", "looked_at", "kept", *_INSIDE)}
    ports |= {"wrong": f"{{{wrong}}}", "word": "host__data_read_value", **{name: f"host__{name}" for name in host}}
    parameters = {"CHAIN": bits, "WHOLE": -(-bits // WORD_BITS) * WORD_BITS, "GIVEN": int(given)}
    return Checker("vouch_rules", ports, parameters, HERE)


def _steps() -> Proof:
    return Proof(
        "scan-steps",
        "the scan loader is where the rules about its check words think it is",
        lambda: ScanLoader(ONE),
        {"loader": _vouches(False)},
        {"loader.in_step": Mutant("", {"host__data_value": "host__data_value ^ 32'd4"})},
        inside=_INSIDE,
        constants={"looked_at": 5},
        wires={"kept": 1},
        depth=60,
    )


def _check_words() -> Proof:
    return Proof(
        "scan-check",
        "a load whose check word differs is reported, and leaves the latches of the chain as they are",
        lambda: ScanLoader(ONE),
        {"check": _vouches(True)},
        {
            "check.enters": Mutant("", {"scan_in": "good_scan_in & ~good_scan_enable"}),
            "check.computes": Mutant("", {"scan_out": "scan_out & ~host__check[0]"}),
            "check.latched": Mutant("", {"scan_latch": "good_scan_latch | good_host__failed"}),
            "check.trusts": Mutant("", {"trusted": "good_trusted | good_host__failed"}),
            "check.told": Mutant("", {"host__written_wrong": "1'b0"}),
            "check.reported": Mutant("", {"host__failed": "good_host__failed & ~good_host__latches_wrong"}),
            "check.stops": Mutant("", {"scan_capture": "good_scan_capture | good_host__failed"}),
        },
        inside=_INSIDE,
        constants={"looked_at": 5},
        wires={"kept": 1},
        assumed={"in_step": "kept"},
        relies={"in_step": "scan-steps"},
        # A mutant may be elsewhere in the cycle in which it breaks a rule.
        earlier=("in_step",),
        # Codes are latched after two passes.
        depth=90,
    )
