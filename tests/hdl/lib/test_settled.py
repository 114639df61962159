"""Processes of a netlist as functions: the text that comes out, what is refused, and its values on Icarus Verilog."""

from __future__ import annotations

import subprocess
import textwrap

import pytest

from remora.hdl.lib.settled import settle
from tests.support import icarus

DECLARATIONS = """
  input [1:0] sel;
  wire [1:0] sel;
  wire signed [3:0] s;
  reg [3:0] x;
  reg y;
  reg signed [3:0] \\r$1 ;
  wire [7:0] \\a'hb=/*[0] ;
  reg [7:0] mem [3:0];
  reg started = 1'h0;
"""


def module(process: str, name: str = "m") -> str:
    """A module in the form that Yosys writes, with one process of these statements."""
    body = textwrap.indent(textwrap.dedent(process).strip("\n"), "    ")
    return f"module {name}(sel);{DECLARATIONS}  always_comb begin\n{body}\n  end\nendmodule\n"


def functions(text: str) -> list[tuple[str, list[str], str]]:
    """The functions of a netlist: head, inputs, and the assignment after each."""
    found = []
    for part in text.split("  function automatic ")[1:]:
        lines = part.splitlines()
        inputs = [line.removeprefix("    input ") for line in lines if line.startswith("    input ")]
        found.append((lines[0], inputs, lines[lines.index("  endfunction") + 1]))
    return found


def test_a_process_becomes_an_assignment_of_a_function():
    settled = settle(module("x = 4'h0;\nif (sel[1]) begin\n  x = { sel, 2'h3 };\nend"))
    assert settled == (
        f"module m(sel);{DECLARATIONS.replace('reg [3:0] x;', 'wire [3:0] x;')}"
        "  function automatic [3:0] settled_1;\n"
        "    input [1:0] sel;\n"
        "    reg [3:0] x;\n"
        "    begin\n"
        "      x = 4'h0;\n"
        "      if (sel[1]) begin\n"
        "        x = { sel, 2'h3 };\n"
        "      end\n"
        "      settled_1 = x;\n"
        "    end\n"
        "  endfunction\n"
        "  assign x = settled_1(sel);\n"
        "endmodule\n"
    )


def test_every_module_has_its_own_functions_and_shapes():
    other = "module n(sel);\n  wire sel;\n  reg [8:0] x;\n  always_comb begin\n    x = sel;\n  end\nendmodule\n"
    first, second = functions(settle(module("x = sel;") + other))
    assert first == ("[3:0] settled_1;", ["[1:0] sel;"], "  assign x = settled_1(sel);")
    assert second == ("[8:0] settled_1;", ["sel;"], "  assign x = settled_1(sel);")


def test_processes_of_a_module_are_numbered():
    text = module("x = sel;").replace("endmodule", "  always_comb begin\n    y = s[3];\n  end\nendmodule")
    assert [head for head, _, _ in functions(settle(text))] == ["[3:0] settled_1;", "settled_2;"]
    assert "\n  wire y;\n" in settle(text) and "\n  reg y;\n" not in settle(text)


@pytest.mark.parametrize(
    ("process", "head", "inputs", "assignment"),
    [
        ("y = s[3];", "settled_1;", ["signed [3:0] s;"], "assign y = settled_1(s);"),
        ("x[3:1] = 3'h0;\nx[0] = sel[1];", "[3:0] settled_1;", ["[1:0] sel;"], "assign x = settled_1(sel);"),
        (
            "\\r$1  = \\a'hb=/*[0] [3:0];\n\\r$1 [0] = y;",
            "signed [3:0] settled_1;",
            ["[7:0] \\a'hb=/*[0] ;", "y;"],
            "assign \\r$1  = settled_1(\\a'hb=/*[0] , y);",
        ),
        (
            "x = 4'h0;\n(* full_case = 32'd1 *)\ncasez (sel)\n  2'b?1:\n      /* unknown = y; */;\n"
            "  2'h2, 2'sh0:\n      x = 4'hF;\n  default:\n      (* note = \"mem\" *)\n      x = 4'bz?x1;\nendcase",
            "[3:0] settled_1;",
            ["[1:0] sel;"],
            "assign x = settled_1(sel);",
        ),
        (
            "if (s <= sel) begin\n  x = 4'h1;\nend else begin\n  x = s;\nend",
            "[3:0] settled_1;",
            ["signed [3:0] s;", "[1:0] sel;"],
            "assign x = settled_1(s, sel);",
        ),
    ],
    ids=["signed", "part_selects", "escaped_names", "case_with_comment_and_attributes", "comparison"],
)
def test_what_a_function_reads(process, head, inputs, assignment):
    settled = settle(module(process))
    assert functions(settled) == [(head, inputs, f"  {assignment}")]
    statements = [line.strip() for line in settled.splitlines()]
    assert all(line.strip() in statements for line in process.splitlines())


@pytest.mark.parametrize("constant", ["4'hb", "{ 2'h1, 2'h0 }"])
def test_a_constant_is_assigned_without_a_function(constant):
    settled = settle(module(f"x = {constant};"))
    assert "  wire [3:0] x;\n" in settled and f"  assign x = {constant};\nendmodule" in settled
    assert "function" not in settled and "always" not in settled


def test_clocked_processes_keep_their_statements():
    text = module("x = sel;").replace("endmodule", "  always_ff @(posedge clk)\n    started <= 1'h1;\nendmodule")
    assert "\n  always @(posedge clk)\n    started <= 1'h1;\n" in settle(text)


@pytest.mark.parametrize(
    ("process", "message"),
    [
        ("x = mem[sel];", "not declared as a plain vector: mem$"),
        ("x = started;", "not declared as a plain vector: started$"),
        ("x = missing;", "not declared as a plain vector: missing$"),
        ("x = \\missing$1 [3:0];", r"not declared as a plain vector: \\missing\$1 $"),
        ("x = $signed(s);", r"not declared as a plain vector: \$signed$"),
        ("while (sel)\n  x = 4'h0;", "not declared as a plain vector: while$"),
        ("z = sel;", "not declared as a plain vector: z$"),
        ("x = sel;\ny = s[0];", "assigns other than one signal"),
        ("x = 4'h0;\n{ x[0], y } = sel;", "assigns other than one signal"),
        ("x = 4'h0;\nx[sel] = y;", "assigns other than one signal"),
        ("x = 4'h0; y = s[0];", "assigns other than one signal"),
        ("x <= sel;", "assigns other than one signal"),
        ("/* empty */;", "assigns other than one signal"),
        ("x = 4'h0;\nx[1] = x[0];", "reads what it assigns: x$"),
        ("\\r$1  = 4'h0;\nif (\\r$1 [0]) begin\n  \\r$1 [1] = y;\nend", r"reads what it assigns: \\r\$1 $"),
        ("x = 4'h0;\nx[1] = 1'h1;", "process of constants has more than one plain statement"),
        ("x[3:0] = 4'h0;", "process of constants has more than one plain statement"),
        ("if (1'h1)\n  x = 4'h0;", "process of constants has more than one plain statement"),
    ],
)
def test_what_is_refused(process, message):
    with pytest.raises(ValueError, match=message):
        settle(module(process))


def test_a_process_of_another_form_is_refused():
    with pytest.raises(ValueError, match="another form than 'always_comb begin … end': always_comb x = sel;"):
        settle(module("y = s[0];").replace("endmodule", "  always_comb x = sel;\nendmodule"))


def test_values_on_icarus(tmp_path):
    """At every input; and at time 0 where what a process reads is constant, which ``always @*`` does not settle."""
    netlist = """module part(sel, picked, fixed, wide, constant);
  input [1:0] sel;
  wire [1:0] sel;
  output [3:0] picked;
  reg [3:0] picked;
  output [3:0] fixed;
  reg [3:0] fixed;
  output [7:0] wide;
  wire [7:0] wide;
  output [3:0] constant;
  reg [3:0] constant;
  wire [1:0] \\tied$1 ;
  reg signed [3:0] \\minus$2 ;
  always_comb begin
    picked = 4'h0;
    (* full_case = 32'd1 *)
    casez (sel)
      2'b?1:
          picked[3:2] = sel;
      2'h2:
          picked = 4'h6;
      default:
          /* empty */;
    endcase
  end
  always_comb begin
    fixed = 4'h0;
    if (\\tied$1 [1]) begin
      fixed = { \\tied$1 , 2'h1 };
    end
  end
  always_comb begin
    \\minus$2  = 4'h0;
    if (sel[0]) begin
      \\minus$2  = { 2'h3, sel };
    end
  end
  always_comb begin
    constant = 4'hb;
  end
  assign \\tied$1  = 2'h2;
  assign wide = \\minus$2 ;
endmodule
"""
    bench = """module bench;
  reg [1:0] sel;
  wire [3:0] picked, fixed, constant;
  wire [7:0] wide;
  integer k;
  part part(.sel(sel), .picked(picked), .fixed(fixed), .wide(wide), .constant(constant));
  initial begin
    #0 $display("%b %b %b", picked, fixed, constant);
    for (k = 0; k < 4; k = k + 1) begin
      sel = k;
      #1 $display("%h %h %h %h", picked, fixed, constant, wide);
    end
  end
endmodule
"""
    tool, source, program = icarus(), tmp_path / "netlist.v", tmp_path / "program"
    source.write_text(settle(netlist) + bench, encoding="utf-8")
    subprocess.run([tool.iverilog, "-g2005", "-s", "bench", "-o", program, source], check=True)
    done = subprocess.run([tool.vvp, "-n", program], capture_output=True, text=True, check=True)
    wanted = ["0000 1001 1011", "0 9 b 00", "4 9 b fd", "6 9 b 00", "c 9 b ff"]
    assert done.stdout.splitlines() == wanted
