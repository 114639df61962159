"""The table of verified parameter sets, from what the regression runs and the stored figures of synthesis."""

from __future__ import annotations

from docs.pages.tables import table
from remora.flow.signoff.prove.catalogue import find_proofs
from remora.flow.signoff.verified import GATES_BY_DAY, MAPPED_BY_DAY, verified_sets


def verified() -> str:
    """A row a set: hash, simulators of its testbench, what is known of its mapped netlist, and its clock on an FPGA."""
    rows = []
    for each in verified_sets():
        simulators = (f"{one} (nightly)" if one in each.at_night else one for one in each.simulators)
        mapped = "–"
        if each.mhz is not None:
            nightly = "" if each.name in MAPPED_BY_DAY else " (nightly)"
            mapped = f"{each.mhz:.0f} MHz, {each.area:.2f} mm²{nightly}"
        gates = ("yes" if each.name in GATES_BY_DAY else "nightly") if each.gates else "–"
        equal = "every block (nightly)" if each.equivalent else "–"
        routed = "–" if each.routed_mhz is None else f"{each.routed_mhz:.0f} MHz (nightly)"
        rows.append((f"`{each.name}`", f"`{each.hash}`", ", ".join(simulators) or "–", mapped, gates, equal, routed))
    netlist = "mapped", "mapped netlist simulated", "mapped netlist proven equal to the Verilog"
    return table(("set", "hash", "testbench simulated on", *netlist, "routed on an ECP5"), rows)


def proofs() -> str:
    """A row a proof: its name, what is proven, and of which hardware."""
    return table(("proof", "what is proven"), [(f"`{proof.name}`", proof.subject) for proof in find_proofs()])
