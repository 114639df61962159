"""Gates of products are tried for every input, and one wrong gate shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remora.flow.signoff.equivalence.cut import cut
from remora.flow.signoff.equivalence.products import Product, count_wrong, take_products
from remora.flow.tools.yosys import run_yosys

SOURCE = """\
module top (input signed [5:0] a, input [3:0] b, c, input signed [16:0] wide, output signed [10:0] s,
            output signed [18:0] w, output [7:0] u, again, square, output [4:0] low, output [6:0] three);
  assign s = a * $signed({1'b0, b});
  assign w = wide * $signed({b[1], b[0], b[0], 1'b1});
  assign u = b * c;
  assign again = c * b;
  assign square = b * b;
  assign low = b * c;
  assign three = 3 * b;
endmodule
"""
SHAPES = {
    "6 × 4 → 11 bits, signed": 10,
    "17 × 2 → 19 bits, signed": 19,
    "4 × 4 → 8 bits": 8,
    "4 × 4 → 8 bits, the same": 4,
    "4 × 4 → 5 bits": 8,
}
"""By shape of a product above, how many bits are its inputs."""


def taken(folder: Path) -> tuple[dict[str, Any], dict[str, Product]]:
    """Modules of the source, and its products."""
    (folder / "top.v").write_text(SOURCE, encoding="utf-8")
    run_yosys(["read_verilog -sv top.v", "proc", "opt_clean", "write_json words.json"], folder, "words")
    modules = json.loads((folder / "words.json").read_text(encoding="utf-8"))["modules"]
    return modules, take_products(modules)


@pytest.fixture(scope="module")
def products(tmp_path_factory) -> list[tuple[Product, Any]]:
    """Each product, and its gates."""
    folder = tmp_path_factory.mktemp("products")
    modules, products = taken(folder)
    (folder / "products.json").write_text(json.dumps({"modules": modules}), encoding="utf-8")
    fine = ["booth", "simplemap", "techmap", "simplemap", "aigmap", "opt_clean"]
    run_yosys(["read_json products.json", "delete top", *fine, "write_json gates.json"], folder, "gates")
    made = json.loads((folder / "gates.json").read_text(encoding="utf-8"))["modules"]
    return [(product, made[name]) for name, product in products.items()]


def test_each_product_of_two_variables_is_taken_once(tmp_path):
    modules, products = taken(tmp_path)
    assert sorted(product.inputs for product in products.values()) == sorted(SHAPES.values())
    assert {product.shape for product in products.values()} == {shape.removesuffix(", the same") for shape in SHAPES}
    kinds = [cell["type"] for cell in modules["top"]["cells"].values()]
    # `b * c` and `c * b` are one; a constant factor stays.
    assert kinds.count("$mul") == 1 and len(kinds) == 7


def test_the_gates_give_every_product(products):
    assert [count_wrong(product, cut(gates)) for product, gates in products] == [0] * len(SHAPES)


def test_a_wrong_gate_or_another_product_shows(products):
    for product, gates in products:
        whole = cut(gates)
        net, pins = next((net, pins) for net, (kind, pins) in whole.gates.items() if kind == "$_AND_")
        wrong = replace(whole, gates=whole.gates | {net: ("$_NOT_", pins[:1])})
        assert 0 < count_wrong(product, wrong) <= 1 << product.inputs
        other = replace(product, a=("1", *product.a[1:]))
        assert 0 < count_wrong(other, whole) <= 1 << product.inputs
