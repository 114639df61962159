"""Compares every block of a design with its netlist: Yosys makes functions of both, and ABC proves them equal."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from remora.flow.generate.directory import Generated
from remora.flow.signoff.equivalence.cut import FLIP_FLOPS, CutError, cut, pair
from remora.flow.signoff.equivalence.products import MOST_INPUTS, Product, count_wrong, take_products
from remora.flow.signoff.gates import Gates
from remora.flow.tools.children import run_child
from remora.flow.tools.opensta import find_cells
from remora.flow.tools.yosys import abc_program, run_yosys
from remora.spec.lib.files import write_text

TIMEOUT_S = 60
"""Of the proof of one block."""
_CELLS = " ".join(f"-cell {kind} 01" for kind in FLIP_FLOPS)
_WORDS = ["proc -norom", "memory", "opt_expr", "opt_clean"]
_FINE = ["simplemap", "techmap", f"dfflegalize {_CELLS}", "aigmap", "opt_clean"]
"""Passes that leave gates of one kind, inverters, and flip-flops that nothing enables and no clock resets."""


@dataclass(frozen=True)
class Verdict:
    """What is known of a block.

    Attributes:
        block: its module; or ``product`` and its operands, of a product that blocks have in them.
        status: ``proven``, ``differs`` or ``undecided``.
        why: of one that is not proven, in words.
        cells: of its netlist; those of the blocks below it are not counted. Of a product, ANDs and inverters.
        outputs: functions that were compared. ``states``: flip-flops among them. ``removed``: that synthesis removed.
        seconds: of the proof.
    """

    block: str
    status: str
    why: str
    cells: int
    outputs: int
    states: int
    removed: int
    seconds: float


@dataclass(frozen=True)
class Source:
    """The Verilog of a design: its top module, its file, and the blackboxes of its macros."""

    top: str
    verilog: Path
    blackboxes: Sequence[Path] = ()

    @staticmethod
    def of(generated: Generated) -> Source:
        """That of a generated directory."""
        files = generated.sidecar["files"]
        boxes = [generated.directory / name for name in files["blackboxes"]]
        return Source(generated.sidecar["top"], generated.netlist, boxes)


def compare_blocks(source: Source, gates: Gates, advance: Callable[[int], None] = lambda count: None) -> list[Verdict]:
    """Compare every block of a design, and its top, with the netlist.

    Instances in a block are cut off: what they give is free and the same for both, and what they are given must agree.
    So blocks that agree one by one make designs that agree. Products are compared first, apart from the blocks.

    Args:
        advance: told of each block that is done.

    Raises:
        YosysError: one of the two cannot be read.
        MissingExtra, TimingError: Yosys or the standard cells are missing.
    """
    with TemporaryDirectory(prefix="remora-equivalence-") as name:
        folder = Path(name)
        gold, products = _gold(source, folder)
        gate = _gate(source, gates.netlist, folder)
        found = [_try_product(product, gold[kind]) for kind, product in products.items()]
        for block in sorted(gates.counts):
            found.append(_compare(block, gold.get(block), gate.get(block), gates.cells_of(block), folder))
            advance(1)
    return found


def _gold(source: Source, folder: Path) -> tuple[dict[str, Any], dict[str, Product]]:
    """Modules of the Verilog in Yosys' JSON, with the gates of products in them and beside them; and the products."""
    boxes = [f"read_verilog -lib {path}" for path in source.blackboxes]
    words = [*boxes, f"read_verilog -sv {source.verilog}", f"hierarchy -check -top {source.top}", *_WORDS]
    run_yosys([*words, "write_json words.json"], folder, "words")
    document = _modules(folder / "words.json")
    products = take_products(document)
    write_text(folder / "words.json", json.dumps({"modules": document}))
    passes = ["read_json words.json", *_FINE]
    if products:
        chosen = " ".join(products)
        passes = [
            "read_json words.json", f"select -set products {chosen}", "wreduce @products", "booth @products", *_FINE,
            "opt_merge @products", "opt_clean", "write_json products.json",
            "setattr -mod -set keep_hierarchy 1 *", "setattr -mod -unset keep_hierarchy @products",
            "flatten -noscopeinfo", "opt_clean",
        ]  # fmt: skip
    run_yosys([*passes, "write_json gold.json"], folder, "gold")
    gold = _modules(folder / "gold.json")
    made = _modules(folder / "products.json") if products else {}
    return gold | {name: made[name] for name in products}, products


def _gate(source: Source, netlist: Path, folder: Path) -> dict[str, Any]:
    """Modules of the netlist in Yosys' JSON."""
    passes = [
        f"read_liberty -ignore_miss_func {find_cells()}", "setattr -mod -set cell 1 *",
        *(f"read_verilog -lib {path}" for path in source.blackboxes),
        f"read_verilog -sv {netlist}", f"hierarchy -check -top {source.top}", "proc", "opt_expr",
        # Blocks stay; cells and clock gates are taken apart, and a gated clock becomes an enable.
        "setattr -mod -set keep_hierarchy 1 A:cell %n",
        "setattr -mod -unset keep_hierarchy remora_enable_gate",
        "flatten -noscopeinfo", "opt_clean", "formalff -declockgate", "opt_dff -simple-dffe", "opt_clean",
    ]  # fmt: skip
    run_yosys([*passes, *_FINE, "write_json gate.json"], folder, "gate")
    return _modules(folder / "gate.json")


def _modules(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))["modules"]


def _try_product(product: Product, module: Any) -> Verdict:
    start = monotonic()
    gates = cut(module)
    status, why = "undecided", f"{product.inputs} bits of operands are more than {MOST_INPUTS}"
    if product.inputs <= MOST_INPUTS:
        wrong = count_wrong(product, gates)
        status = "differs" if wrong else "proven"
        why = f"{wrong:,} of {1 << product.inputs:,} products are wrong" if wrong else ""
    seconds = round(monotonic() - start, 2)
    return Verdict(f"product {product.shape}", status, why, len(gates.gates), product.bits, 0, 0, seconds)


def _compare(block: str, gold: Any, gate: Any, cells: int, folder: Path) -> Verdict:
    start = monotonic()

    def verdict(status: str, why: str = "", outputs: int = 0, states: int = 0, removed: int = 0) -> Verdict:
        return Verdict(block, status, why, cells, outputs, states, removed, round(monotonic() - start, 2))

    if gold is None or gate is None:
        return verdict("differs", f"there is no such module in the {'Verilog' if gold is None else 'netlist'}")
    try:
        made = pair(cut(gold), cut(gate))
    except CutError as error:
        return verdict("undecided", str(error))
    write_text(folder / "gold.blif", made.gold)
    write_text(folder / "gate.blif", made.gate)
    command = [str(abc_program()), "-c", f"cec -T {TIMEOUT_S} gold.blif gate.blif"]
    if not made.outputs:
        return verdict("undecided", "there is nothing to compare")
    try:
        # ABC looks at its own limit only between steps, one of which may not end.
        done = run_child(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return verdict("undecided", f"no answer within {2 * TIMEOUT_S} s", made.outputs, made.states, made.removed)
    status = "undecided"
    if re.search(r"^Networks are equivalent", done.stdout, re.MULTILINE):
        status = "proven"
    elif "NOT EQUIVALENT" in done.stdout:
        status = "differs"
    why = "" if status == "proven" else done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no answer"
    return verdict(status, why, made.outputs, made.states, made.removed)
