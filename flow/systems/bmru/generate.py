"""What the generated directory of an analog design has of its own: codes as words of the scan window, its chain, and
the table of its circuit elements."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from remora.golden.bmru.codes import AnalogCodes
from remora.spec.bmru.design import AnalogDesign
from remora.spec.bmru.scan import Element, Kind, check_word, elements, group, groups, pack_chain
from remora.spec.lib.files import replacing, write_text

MACRO_NAMES = ("remora_bmru_core", "remora_memory")
IMAGE = "codes"
ELEMENTS = "docs/elements.csv"
COLUMNS = (
    "number", "element", "kind", "devices", "from", "to", "first_bit", "code_bits", "rail_bit", "step", "unit", "code",
    "value",
)  # fmt: skip


def scan_words(codes: AnalogCodes) -> list[int]:
    """The words to be written to SCAN_DATA, in order."""
    return np.frombuffer(pack_chain(codes.chain()), "<u4").tolist()


def write_codes(codes: AnalogCodes, directory: Path) -> None:
    """``codes.hex``: the words of SCAN_DATA, one a line, and last the word of SCAN_CHECK."""
    words = [*scan_words(codes), check_word(codes.chain())]
    write_text(directory / f"{IMAGE}.hex", "".join(f"{word:08x}\n" for word in words))


def describe_chain(design: AnalogDesign) -> list[dict]:
    """The scan chain for the sidecar: of each group of elements where it lies and how an element is coded."""
    return [
        {
            "name": group.name, "kind": group.kind.value, "rows": group.rows, "columns": group.columns,
            "first_bit": group.first_bit, "code_bits": group.code_bits, "rail_bit": group.signed,
        }
        for group in groups(design)
    ]  # fmt: skip


def write_elements(design: AnalogDesign, codes: AnalogCodes | None, path: Path) -> None:
    """A CSV table, one line for each learned parameter: the circuit element that it is, and where its code lies.

    ``value`` is code times step, in the unit: a ratio of widths for mirrors, nA for currents. ``code`` and ``value``
    are empty where ``codes`` is None. ``devices`` is 2 where the current that a mirror copies has two rails.
    """
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for element in elements(design):
            table.writerow(_row(design, element, codes))


def _row(design: AnalogDesign, element: Element, codes: AnalogCodes | None) -> dict[str, object]:
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
