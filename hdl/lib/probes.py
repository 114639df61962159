"""Probes: what a harness watches inside a top level, by instance path and port."""

from __future__ import annotations

from collections.abc import Mapping

from remora.hdl.lib.verilog import Netlist

Probes = Mapping[str, tuple[str, str]]
"""Port of the monitor → path of an instance below the top, and its port."""


def resolve_probes(netlist: Netlist, probes: Probes) -> dict[str, dict]:
    """Path and width of every probe, by the monitor's port.

    Raises:
        KeyError: the hardware has no such instance or port: the table is out of date.
    """
    resolved = {}
    for name, (instance, port) in probes.items():
        width = netlist.library.port_width(netlist.top, instance, port)
        resolved[name] = {"path": f"{instance}.{port}", "width": width}
    return resolved
