"""The IP-XACT component (IEEE 1685-2014): registers, bus interfaces, ports and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.dom import minidom

from peakrdl_ipxact.exporter import IPXACTExporter

from remora.flow.generate.integrate.file_lists import Files, simulation_files, synthesis_files
from remora.flow.generate.integrate.fusesoc import LIBRARY, VENDOR
from remora.hdl.lib.hierarchy import Port
from remora.spec.lib.rdl import compiled_rdl
from remora.spec.lib.section import Design

_NAMESPACE = "ipxact:"
_BUSES = {
    "s_axil": ("AXI4-Lite", "r0p0_0", "slave"),
    "s_axis": ("AXI4Stream", "r0p0_1", "slave"),
    "m_axis": ("AXI4Stream", "r0p0_1", "master"),
}
"""Prefix of ports → name and version of ARM's bus definition (amba.com, AMBA4), and which side the component is."""
_KINDS = {".v": "verilogSource", ".sv": "systemVerilogSource"}


def ip_xact(design: Design, name: str, version: str, top: str, ports: Mapping[str, Port], files: Files) -> str:
    """The component of a design point.

    Args:
        name, version: of the component, as the FuseSoC core has them.
        top: module of the component.
        ports: of the top.
        files: of the sidecar.
    """
    exporter = IPXACTExporter(vendor=VENDOR, library=LIBRARY, version=version)
    exporter.skip_not_present = True  # what the design point has not is no register of the component
    with TemporaryDirectory() as folder:
        exporter.export(compiled_rdl(design), str(Path(folder, "component.xml")), component_name=name)
    writer = _Writer(exporter.doc)
    component = exporter.doc.documentElement
    [maps] = component.getElementsByTagName(f"{_NAMESPACE}memoryMaps")
    [map_name] = [
        node.firstChild.data for node in maps.firstChild.childNodes if node.tagName == f"{_NAMESPACE}name"
    ]  # fmt: skip
    interfaces = [
        writer.interface(prefix, ports, map_name)
        for prefix in _BUSES
        if any(port.startswith(f"{prefix}_") for port in ports)
    ]
    if interfaces:
        component.insertBefore(writer.element("busInterfaces", *interfaces), maps)
    component.appendChild(writer.model(top, ports))
    component.appendChild(writer.file_sets(files))
    component.appendChild(writer.element("description", f"Remora accelerator {design.name}, hash {design.hash}."))
    text = exporter.doc.toprettyxml(indent="  ", encoding="UTF-8")
    return text.decode("utf-8")


class _Writer:
    """Makes elements of a document."""

    def __init__(self, document: minidom.Document) -> None:
        self._document = document

    def element(self, tag: str, *content: minidom.Element | str, **attributes: str) -> minidom.Element:
        made = self._document.createElement(f"{_NAMESPACE}{tag}")
        for name, value in attributes.items():
            made.setAttribute(name, value)
        for each in content:
            made.appendChild(self._document.createTextNode(each) if isinstance(each, str) else each)
        return made

    def interface(self, prefix: str, ports: Mapping[str, Port], memory_map: str) -> minidom.Element:
        """A bus interface; clock and reset belong to each of the three."""
        bus, version, side = _BUSES[prefix]
        of_amba = {"vendor": "amba.com", "library": "AMBA4", "version": version}
        pins = {port.removeprefix(f"{prefix}_").upper(): port for port in ports if port.startswith(f"{prefix}_")}
        pins |= {"ACLK": "aclk", "ARESETn": "aresetn"}
        port_maps = [
            self.element(
                "portMap",
                self.element("logicalPort", self.element("name", logical)),
                self.element("physicalPort", self.element("name", physical)),
            )
            for logical, physical in pins.items()
        ]
        mapped = [self.element("memoryMapRef", memoryMapRef=memory_map)] if bus == "AXI4-Lite" else []
        return self.element(
            "busInterface",
            self.element("name", prefix),
            self.element("busType", **of_amba, name=bus),
            self.element(
                "abstractionTypes",
                self.element(
                    "abstractionType",
                    self.element("abstractionRef", **of_amba, name=f"{bus}_rtl"),
                    self.element("portMaps", *port_maps),
                ),
            ),
            self.element(side, *mapped),
        )

    def model(self, top: str, ports: Mapping[str, Port]) -> minidom.Element:
        """Views for synthesis and simulation, and every port."""
        views, instantiations = [], []
        for name in ("synthesis", "simulation"):
            reference = f"{name}_module"
            views.append(
                self.element(
                    "view",
                    self.element("name", name),
                    self.element("envIdentifier", f"*:*:{name}"),
                    self.element("componentInstantiationRef", reference),
                )
            )
            instantiations.append(
                self.element(
                    "componentInstantiation",
                    self.element("name", reference),
                    self.element("language", "verilog"),
                    self.element("moduleName", top),
                    self.element("fileSetRef", self.element("localName", name)),
                )
            )
        return self.element(
            "model",
            self.element("views", *views),
            self.element("instantiations", *instantiations),
            self.element("ports", *(self._port(name, port) for name, port in ports.items())),
        )

    def _port(self, name: str, port: Port) -> minidom.Element:
        direction = self.element("direction", "in" if port.direction == "input" else "out")
        vectors = []
        if port.width > 1:
            bounds = self.element("left", str(port.width - 1)), self.element("right", "0")
            vectors = [self.element("vectors", self.element("vector", *bounds))]
        return self.element("port", self.element("name", name), self.element("wire", direction, *vectors))

    def file_sets(self, files: Files) -> minidom.Element:
        """What each view reads."""
        sets: dict[str, Sequence[str]] = {"synthesis": synthesis_files(files), "simulation": simulation_files(files)}
        return self.element(
            "fileSets",
            *(
                self.element("fileSet", self.element("name", name), *(self._file(path) for path in paths))
                for name, paths in sets.items()
            ),
        )

    def _file(self, path: str) -> minidom.Element:
        # The component is a folder below what the paths begin at.
        name, kind = self.element("name", f"../{path}"), self.element("fileType", _KINDS[Path(path).suffix])
        return self.element("file", name, kind)
