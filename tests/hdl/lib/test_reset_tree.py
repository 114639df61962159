"""The tree of the reset: no net of it has more sinks than it may, and no register is reset past it."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from remora.flow.systems.registry import generate
from remora.flow.tools.yosys import run_yosys
from remora.hdl.lib.reset_tree import FANOUT, plant
from remora.spec.lib.section import Design
from remora.spec.presets import load_design

NETS = re.compile(r"(?:.*\.)?rst(?:_(?:leaf|early|sync|macro))?(?:_\d+)*$")
"""What the tree drives, in any module, in a netlist whose modules are joined; ``rst_soft`` is no part of it."""
ONE_BIT = r"""
module \m
  wire width 1 input 0  \clk
  wire width 1 input 1  \rst
  wire width {bits} output 2  \q
  wire width {bits} $1
  process $2
    assign $1 [{top}:0] \q [{top}:0]
    switch \rst [0]
      case 1'1
        assign $1 [{top}:0] {bits}'{value}
    end
  end
  cell $dff $3
    parameter \WIDTH {bits}
    parameter \CLK_POLARITY 1
    connect \D $1 [{top}:0]
    connect \CLK \clk [0]
    connect \Q \q
  end
end
"""
"""A module of one register, as Amaranth writes it."""


def sinks(design: Design, folder) -> tuple[Counter[str], set[str]]:
    """Bits that each net of the tree drives in the joined modules, all else left as it is; and which of the nets are
    driven by a flip-flop."""
    generated = generate(design, folder / "generated")
    sources = [generated.netlist, *(folder / "generated" / path for path in generated.sidecar["files"]["blackboxes"])]
    run_yosys(
        [
            *(f"read_verilog -sv {path}" for path in sources),
            "hierarchy -top remora",
            "proc",
            "flatten",
            "opt_clean",
            "simplemap",
            "write_json flat.json",
        ],
        folder,
        "flat",
    )
    module = json.loads((folder / "flat.json").read_text())["modules"]["remora"]
    names = {
        bit: f"{name}[{index}]"
        for name, net in module["netnames"].items()
        if NETS.match(name) and "$func$" not in name
        for index, bit in enumerate(net["bits"])
    }
    counts: Counter[str] = Counter()
    registered = set()
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            for name in {names[bit] for bit in bits if bit in names}:
                if cell["port_directions"][port] == "output":
                    registered |= {name} if "DFF" in cell["type"] else set()
                else:
                    counts[name] += 1
    return counts, registered


@pytest.mark.parametrize("preset", ["tiny", "kws"])
def test_no_net_of_the_tree_has_too_many_sinks(preset, tmp_path):
    counts, registered = sinks(load_design(preset, Design), tmp_path)
    leaves = [name for name in counts if "early" not in name and "sync" not in name]
    assert len(leaves) > 30 and sum(counts[name] for name in leaves) > 1000
    assert max(counts.values()) <= FANOUT
    assert {name for name in counts if "sync" in name or "early" in name or "macro" in name} <= registered
    # Leaves are full, so that there are few.
    assert sum(counts[name] for name in leaves) / len(leaves) > FANOUT / 3


TOP = r"""
module \top
  wire width 1 input 0  \clk
  wire width 1 input 1  \pin
  wire width 1 \rst
  cell $not $1
    parameter \A_SIGNED 0
    parameter \A_WIDTH 1
    parameter \Y_WIDTH 1
    connect \A \pin [0]
    connect \Y \rst
  end
  cell \m \inner
    connect \clk \clk [0]
    connect \rst {added}
  end
end
"""
"""A top with a submodule, to whose reset it adds something."""
NEVER, SOMETIMES = "1'0", r"\clk [0]"


@pytest.mark.parametrize("bits", [1, 32, 33, 100])
def test_a_wide_register_keeps_its_value_in_reset(bits):
    value = format(0x123456789ABCDEF0123456789 % (1 << bits), f"0{bits}b")
    texts = {"m": ONE_BIT.format(bits=bits, top=bits - 1, value=value), "top": TOP.format(added=NEVER)}
    assert plant(texts, "top", "pin", "clk") == {"m": True, "top": False}
    found = re.findall(r"assign \$1 \[(\d+):(\d+)\] (\d+)'([01]+)", texts["m"])
    assert "".join(part for *_, part in reversed(found)) == value
    assert all(int(count) == len(part) == int(high) - int(low) + 1 <= FANOUT for high, low, count, part in found)
    assert len(found) == -(-bits // FANOUT) == len(re.findall(r"cell \$adff", texts["m"]))


@pytest.mark.parametrize("added", [NEVER, SOMETIMES])
def test_a_module_that_nothing_resets_has_no_port_for_it(added):
    """A register without a reset is clocked, so Amaranth gives its module a port for the reset, and so do parents."""
    free = re.sub(r"    switch (?:.*\n)*?    end\n", "", ONE_BIT.format(bits=4, top=3, value="0000"))
    middle = TOP[: TOP.index("  wire width 1 \\rst")] + TOP[TOP.index("  cell \\m ") :]
    middle = middle.replace("\\top", "\\middle").replace("\\pin", "\\rst").format(added=NEVER)
    texts = {"m": free, "middle": middle, "top": TOP.format(added=added).replace("\\m ", "\\middle ")}
    assert plant(texts, "top", "pin", "clk") == {"m": False, "middle": False, "top": False}
    assert not any(re.search(r"\\rst(_early|_soft)?\b", text) for text in (texts["m"], texts["middle"]))
    assert "rst_early" not in texts["top"] and "rst_soft" not in texts["top"]


def test_an_unknown_form_is_refused():
    text = ONE_BIT.format(bits=1, top=0, value="x")
    with pytest.raises(ValueError, match="reset in a form that is not known"):
        plant({"m": text}, "top", "pin", "clk")
    with pytest.raises(ValueError, match="not that of the pin alone"):
        plant({"m": ONE_BIT.format(bits=1, top=0, value="0")}, "m", "pin", "clk")
