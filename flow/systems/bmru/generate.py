"""What the generated directory of a BMRU design has of its own: codes as words of the scan window, its chain, and
the table of its circuit elements."""

from __future__ import annotations

import csv
import inspect
from functools import partial
from io import StringIO
from pathlib import Path

from remora.flow.generate.parts import Document, Parts
from remora.flow.generate.software.driver import driver_documents, sizes_header
from remora.flow.generate.software.packets import PacketFormat, packet_documents
from remora.flow.report.console import console
from remora.flow.systems.bmru.networks import bundled_network, bundled_path
from remora.flow.systems.bmru.scan_words import scan_words
from remora.flow.systems.bmru.scenario import bmru_scenario
from remora.golden.bmru.codes import BmruCodes, export_network
from remora.golden.lib.bmru_network import load_network
from remora.hdl.bmru.probes import BMRU_PROBES
from remora.hdl.bmru.top import BmruRemora
from remora.spec.bmru import frames
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop, FrameFlag, ReportFlag
from remora.spec.bmru.scan import WORD_BITS, Element, Kind, chain_bits, check_word, elements, group, groups

MACRO_NAMES = ("remora_bmru_core", "remora_clock_gate", "remora_memory")
IMAGE = "codes"
ELEMENTS = "docs/elements.csv"
PACKETS = PacketFormat(
    inspect.getdoc(frames) or "", {"FRAME": FrameFlag, "REPORT": ReportFlag, "DROP": FrameDrop}
)  # fmt: skip
COLUMNS = (
    "number", "element", "kind", "devices", "from", "to", "first_bit", "code_bits", "rail_bit", "step", "unit", "code",
    "value",
)  # fmt: skip


def bmru_parts(design: BmruDesign, codes: BmruCodes | None = None) -> Parts:
    """The parts of a design point.

    Args:
        codes: of a network; where None there is no image of them.
    """
    return Parts(
        design,
        partial(BmruRemora, design),
        macros=MACRO_NAMES,
        scenario=partial(bmru_scenario, design, codes),
        probes=BMRU_PROBES,
        images={IMAGE: codes_text(codes)} if codes else {},
        documents={
            "elements": Document(ELEMENTS, elements_table(design, codes)),
            **packet_documents(design, PACKETS),
            **driver_documents("bmru", design_header(design)),
        },
        sidecar={"scan_chain": describe_chain(design)},
    )


def design_header(design: BmruDesign) -> str:
    """Sizes of a design point for the driver."""
    network, bits = design.network, chain_bits(design)
    sizes = {
        "FEATURES": (network.features, "features of a frame"),
        "CLASSES": (network.classes, "classes, that is votes of an answer"),
        "MOST_FRAMES": (design.vote.frames, "frames of the longest vote"),
        "CHAIN_WORDS": (-(-bits // WORD_BITS), f"words of the codes, whose chain has {bits} bits"),
        "STATE_WORDS": (-(-network.cells // WORD_BITS), f"words of the states of {network.cells} cells"),
    }
    return sizes_header(design, sizes)


def load_codes(design: BmruDesign, checkpoint: Path | None) -> BmruCodes | None:
    """Codes of a trained network: that of a file, else the bundled one, else None; says which parameters saturate."""
    if checkpoint:
        network = load_network(checkpoint)
    elif bundled_path(design):
        network = bundled_network(design)
    else:
        return None
    export = export_network(design, network)
    for name, count in export.saturated.items():
        console().print(f"{count} parameters of {name} lie beyond the largest code and are saturated", style="yellow")
    return export.codes


def codes_text(codes: BmruCodes) -> str:
    """``codes.hex``: the words of SCAN_DATA, one a line, and last the word of SCAN_CHECK."""
    words = [*scan_words(codes), check_word(codes.chain())]
    return "".join(f"{word:08x}\n" for word in words)


def describe_chain(design: BmruDesign) -> list[dict]:
    """The scan chain for the sidecar: of each group of elements where it lies and how an element is coded."""
    return [
        {
            "name": group.name, "kind": group.kind.value, "rows": group.rows, "columns": group.columns,
            "first_bit": group.first_bit, "code_bits": group.code_bits, "rail_bit": group.signed,
        }
        for group in groups(design)
    ]  # fmt: skip


def elements_table(design: BmruDesign, codes: BmruCodes | None) -> str:
    """A CSV table, one line for each learned parameter: the circuit element that it is, and where its code lies.

    ``value`` is code times step, in the unit: a ratio of widths for mirrors, nA for currents. ``code`` and ``value``
    are empty where ``codes`` is None. ``devices`` is 2 where the current that a mirror copies has two rails.
    """
    table = csv.DictWriter(text := StringIO(newline=""), COLUMNS, lineterminator="\n")
    table.writeheader()
    for element in elements(design):
        table.writerow(_row(design, element, codes))
    return text.getvalue()


def _row(design: BmruDesign, element: Element, codes: BmruCodes | None) -> dict[str, object]:
    name = element.name.partition("[")[0]
    mirror = element.kind is Kind.MIRROR
    step, unit = (
        (2.0**-design.formats.ratio_fraction, "ratio") if mirror else (design.formats.bias_step_pa / 1000, "nA")
    )
    source, target = _ends(name)
    row = {
        "number": element.number, "element": element.name, "kind": element.kind.value,
        "devices": group(design, name).input_rails if mirror else 1,
        "from": f"{source}[{element.column}]" if mirror else "", "to": f"{target}[{element.row}]",
        "first_bit": element.bit, "code_bits": element.code_bits, "rail_bit": int(element.signed),
        "step": f"{step:g}", "unit": unit, "code": "", "value": "",
    }  # fmt: skip
    if codes:
        code = int(codes[name][(element.row, element.column) if mirror else element.row])
        row |= {"code": code, "value": f"{code * step:.10g}"}
    return row


def _ends(group_name: str) -> tuple[str, str]:
    """The currents that the mirrors of a group copy, and the nodes or cells that its elements belong to."""
    if group_name.startswith("input."):
        return "feature", "blocks.0.z"
    if group_name.startswith("output."):
        return "output.z", "output"
    _, block, part, *_ = group_name.split(".")
    if part == "first":
        return f"blocks.{block}.relu(z)", f"blocks.{block}.candidate"
    if part == "second":
        return f"blocks.{block}.cell", f"blocks.{block}.branch"
    return "", f"blocks.{block}.cell"
