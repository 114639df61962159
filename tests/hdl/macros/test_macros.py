"""The macro pairs: model and blackbox are the same from outside, and the document tables exactly their ports."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from remora.flow.tools.verilator import find_verilator
from tests.hdl.macro_models import FOLDER, HELPERS, IMAGE

DOCUMENTS = [Path(__file__).parents[3] / "docs" / "reference" / f"{name}.md" for name in ("macros", "bmru")]
DOCUMENT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
PARAMETERS = {
    "remora_crossbar": [{}, {"ROWS": 5, "COLUMNS": 3, "COLUMN_BITS": 2, "PLANE_BITS": 1, "ADC_BITS": 10}],
    "remora_bmru_core": [{}, {"FEATURES": 3, "WIDTH": 5, "BLOCKS": 3, "CLASSES": 6, "CLASS_BITS": 3}],
    "remora_bistable": [{}, {"CELLS": 5, "CELL_BITS": 3, "ROW_TILES": 3, "CURRENT_BITS": 17, "THRESHOLD_BITS": 9}],
    "remora_clock_gate": [{}],
    "remora_memory": [{}, {"WIDTH": 40, "DEPTH": 112, "ADDRESS_BITS": 7, "WORDS": 100}],
}
PAIRS = [(macro, parameters) for macro, variants in PARAMETERS.items() for parameters in variants]


def interface(
    source: Path, macro: str, parameters: dict[str, int], folder: Path
) -> tuple[dict[str, int], dict[str, tuple[str, int]]]:
    """Parameters with their values, and ports with direction and width, in order, as Verilator understands a file."""
    verilator, output = find_verilator(), folder / f"{source.stem}.json"
    command = [
        str(verilator.path), "--json-only", "--json-only-output", str(output),
        "--json-only-meta-output", str(folder / "meta.json"), "--Mdir", str(folder), "--no-timing",
        "--top-module", macro, *(f"-G{name}={value}" for name, value in parameters.items()), str(source),
        *(map(str, HELPERS) if IMAGE.stem in source.read_text(encoding="utf-8") else []),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    tree = json.loads(output.read_text())
    (module,) = (module for module in tree["modulesp"] if module["type"] == "MODULE" and module["origName"] == macro)
    ranges = {
        kind["addr"]: kind.get("range", "0:0") for kind in tree["miscsp"][0]["typesp"] if kind["type"] == "BASICDTYPE"
    }
    variables = [item for item in module["stmtsp"] if item["type"] == "VAR"]
    values = {
        item["name"]: int(item["valuep"][0]["name"].rpartition("h")[2], 16)
        for item in variables
        if item.get("isGParam")
    }
    ports = {}
    for item in variables:
        if item["direction"] != "NONE":
            high, low = map(int, ranges[item["dtypep"]].split(":"))
            ports[item["name"]] = ({"INPUT": "in", "OUTPUT": "out"}[item["direction"]], high - low + 1)
    return values, ports


@pytest.mark.parametrize(("macro", "parameters"), PAIRS)
def test_model_and_blackbox_are_the_same_from_outside(macro, parameters, tmp_path):
    model = interface(FOLDER / f"{macro}.sv", macro, parameters, tmp_path)
    blackbox = interface(FOLDER / f"{macro}_blackbox.v", macro, parameters, tmp_path)
    assert [list(part.items()) for part in model] == [list(part.items()) for part in blackbox]
    assert macro == "remora_clock_gate" or (len(model[0]) >= 3 and len(model[1]) >= 7)


def documented(macro: str, parameters: dict[str, int]) -> dict[str, tuple[str, int]]:
    """Ports of a macro's table, widths evaluated."""
    section = DOCUMENT.partition(f"## `{macro}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (in|out) \| (.+?) \| (digital|boundary) \| .+ \|$", section, re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows}) == section.count("\n| `")
    return {
        name: (direction, eval(width.strip("`"), {"__builtins__": {}}, parameters))
        for name, direction, width, _ in rows
    }


@pytest.mark.parametrize(("macro", "parameters"), PAIRS)
def test_the_document_tables_exactly_the_ports(macro, parameters, tmp_path):
    values, ports = interface(FOLDER / f"{macro}_blackbox.v", macro, parameters, tmp_path)
    assert list(documented(macro, values).items()) == list(ports.items())


def test_every_macro_is_a_pair_and_documented():
    models = {path.stem for path in FOLDER.glob("*.sv") if path not in HELPERS}
    assert models == {path.stem.removesuffix("_blackbox") for path in FOLDER.glob("*_blackbox.v")} == set(PARAMETERS)
    assert models == set(re.findall(r"^## `(\w+)`$", DOCUMENT, re.MULTILINE))
