"""Probes: what the trace monitor watches inside the top level, by instance path and port."""

from __future__ import annotations

from hdl.verilog import Netlist

PROBES = {
    # Monitor's port: (instance path, port)
    "reset": ("core.sequencer", "rst"),
    "step": ("core.sequencer", "step"),
    "context_index": ("core.sequencer", "context_index"),
    "plane": ("core.hidden", "plane"),
    "wl_pos": ("core.hidden", "wl_pos"),
    "wl_neg": ("core.hidden", "wl_neg"),
    "integrate_hidden": ("core.sequencer", "integrate_hidden"),
    "issue": ("core.sequencer", "issue"),
    "hidden_codes": ("core.hidden", "codes"),
    "commit": ("core.hidden_cell", "commit"),
    "commit_fold": ("core.hidden_cell", "commit_fold"),
    "commit_code": ("core.hidden_cell", "commit_code"),
    "candidate": ("core.hidden_cell", "candidate"),
    "state": ("core.hidden_cell", "state"),
    "step_done": ("core.sequencer", "step_done"),
    "integrate_readout": ("core.sequencer", "integrate_readout"),
    "readout_wl_pos": ("core.readout", "wl_pos"),
    "readout_wl_neg": ("core.readout", "wl_neg"),
    "readout_codes": ("core.readout", "codes"),
    "push": ("core.answer", "push"),
    "scores": ("core.answer", "scores"),
    "decision": ("core.answer", "decision"),
    "tag": ("core.answer", "tag"),
    "dropped": ("core.buffer", "dropped"),
}


def resolve_probes(netlist: Netlist) -> dict[str, dict]:
    """Path and width of every probe, by the monitor's port.

    Raises:
        KeyError: the hardware has no such instance or port: ``PROBES`` is out of date.
    """
    modules = dict(netlist.library.instances(netlist.top))
    resolved = {}
    for name, (instance, port) in PROBES.items():
        found = netlist.library.ports[modules[instance]][port]
        resolved[name] = {"path": f"{instance}.{port}", "width": found.width}
    return resolved
