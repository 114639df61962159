"""Checkers of the buses that every system has."""

from __future__ import annotations

from remora.hdl.lib.properties.proof import Checker, Mutant

STREAM = ("tdata", "tkeep", "tlast", "tvalid", "tready")


def stream(prefix: str) -> Checker:
    """The rules of an AXI4-Stream of 32 bits that leaves the hardware by ports ``<prefix>_<signal>``."""
    return Checker("stream_rules", {name: f"{prefix}_{name}" for name in STREAM})


def lite(prefix: str) -> Checker:
    """The rules of an AXI4-Lite subordinate whose ports are ``<prefix>_<signal>``."""
    channels = ("aw", "w", "b", "ar", "r")
    names = [f"{channel}{end}" for channel in channels for end in ("valid", "ready")] + ["bresp", "rdata", "rresp"]
    return Checker("lite_rules", {name: f"{prefix}_{name}" for name in names})


def lite_mutants(prefix: str, clock: str = "clk") -> dict[str, Mutant]:
    """Mutants of `lite`, called ``lite``, of the top."""
    late = f"reg late = 0; always @(posedge {clock}) late <= {{}};"
    # One answer gets lost, and with it its request.
    gone = f"reg [1:0] number = 0; always @(posedge {clock}) if (good_{prefix}_{{0}}valid & {prefix}_{{0}}ready)"
    gone += " number <= number + 1;"

    def mutant(port: str, carried: str, helper: str = "") -> Mutant:
        return Mutant("", {f"{prefix}_{port}": carried.replace("%", f"{prefix}_")}, helper.replace("%", f"{prefix}_"))

    return {
        "lite.b_stays": mutant("bvalid", "good_%bvalid & ~%arvalid"),
        "lite.b_stable": mutant("bresp", "good_%bresp ^ {2{%arvalid}}"),
        "lite.r_stays": mutant("rvalid", "good_%rvalid & ~%awvalid"),
        "lite.r_stable": mutant("rdata", "good_%rdata ^ {32{%awvalid}}"),
        "lite.b_once": mutant("bvalid", "good_%bvalid | late", late.format("good_%bvalid & %bready")),
        "lite.r_once": mutant("rvalid", "good_%rvalid | late", late.format("good_%rvalid & %rready")),
        "lite.few": mutant("awready", "1'b1"),
        "lite.b_comes": mutant("bvalid", "good_%bvalid & number != 1", gone.format("b")),
        "lite.r_comes": mutant("rvalid", "good_%rvalid & number != 1", gone.format("r")),
        "lite.aw_taken": mutant("awready", "good_%awready & ~%wvalid"),
        "lite.ar_taken": mutant("arready", "good_%arready & ~%awvalid"),
    }
