"""The gates of a design point for simulators and proofs: each block mapped by itself, with its ports and its name."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from remora.flow.generate.directory import Generated
from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.shapes import Macros
from remora.flow.signoff.cells import read_cells
from remora.flow.signoff.clock_gates import MODEL
from remora.flow.signoff.netlist import NetlistError
from remora.flow.signoff.synthesis import Job, map_blocks
from remora.flow.tools.build import build_root
from remora.flow.tools.icarus import POWER_UP
from remora.flow.tools.opensta import find_cells
from remora.flow.tools.result_folder import folder_result
from remora.flow.tools.yosys import yosys_version
from remora.hdl.lib.reset_tree import LOCAL
from remora.hdl.lib.verilog import TIME_SCALE
from remora.spec.lib.files import write_text

NETLIST, COUNTS, CELLS = "gates.v", "cells.json", "cells.sv"
_METHOD = ("synthesis.py", "gates.py", "clock_gates.py", "one_hot_mux.v")
"""Files that decide what is made of a text."""
_STORES = ("udp_dff", "udp_tlat")
_STORED = f"""\
// What each flip-flop holds at power-up, one after the other: bits of +{POWER_UP}=SEED, 1 by default. Gates of an
// unknown and its opposite give an unknown, so that what a reset sets could stay unknown for ever in a simulator.
package {POWER_UP};
  bit seeded = 0;
  integer state;
  function automatic bit draw(input bit unused);
    integer found;
    if (!seeded) begin
      found = $value$plusargs("{POWER_UP}=%d", state);
      if (found == 0) state = 1;
    end
    seeded = 1;
    draw = $random(state);
  endfunction
endpackage

// In place of the library's tables: a flip-flop takes its input without blocking, so that whoever samples its output at
// the same edge of the clock sees what it held before.
module udp_dff
  import {POWER_UP}::*;
  (output reg out, input in, input clk, input clr, input set, input NOTIFIER);
  initial out = draw(1'b0);
  always @(posedge clk or posedge clr or posedge set)
    if (set) out <= 1;
    else if (clr) out <= 0;
    else out <= in;
endmodule

module udp_tlat
  import {POWER_UP}::*;
  (output reg out, input in, input enable, input clr, input set, input NOTIFIER);
  initial out = draw(1'b0);
  always @(*)
    if (set) out = 1;
    else if (clr) out = 0;
    else if (enable) out = in;
endmodule
"""


@dataclass(frozen=True)
class Gates:
    """A mapped netlist.

    Attributes:
        netlist: Verilog of all blocks, made of standard cells, clock gates, macros, and blocks below.
        models: Verilog of the cells, for a simulator with four states.
        counts: by module of a block, cells by type; those of the blocks below it are not counted.
        instances: by module, how often it stands in the design.
    """

    netlist: Path
    models: Path
    counts: Mapping[str, Mapping[str, int]]
    instances: Mapping[str, int]

    @property
    def cells(self) -> int:
        """Standard cells of the whole design."""
        library = read_cells(find_cells())
        return self._count(library.keys())

    @property
    def flip_flops(self) -> int:
        """Those of them that are flip-flops."""
        return self._count({name for name, cell in read_cells(find_cells()).items() if cell.clock})

    def cells_of(self, block: str) -> int:
        """Standard cells of a module, without those of the blocks below it."""
        library = read_cells(find_cells())
        return sum(number for kind, number in self.counts[block].items() if kind in library)

    def _count(self, kinds: Collection[str]) -> int:
        return sum(
            number * self.instances[module]
            for module, cells in self.counts.items()
            for kind, number in cells.items()
            if kind in kinds
        )


def gates_of(generated: Generated) -> Gates:
    """The gates of a generated directory; what lies under the build root for the same text is not made again.

    Raises:
        MissingExtra, TimingError: Yosys or the standard cells are missing.
        YosysError: the design cannot be mapped.
        NetlistError: the library of cells is not the one that the models are made of.
    """
    files, cells = generated.sidecar["files"], find_cells()
    names = [files["netlist"], *files["blackboxes"]]
    texts = {Path(name).name: (generated.directory / name).read_text(encoding="utf-8") for name in names}
    library = [path.read_text(encoding="utf-8") for path in (cells, cells.with_suffix(".v"))]
    told = [texts, yosys_version(), library, repr(ASSUMPTIONS), LOCAL, TIME_SCALE]
    hasher = hashlib.sha256(json.dumps(told).encode())
    for name in _METHOD:
        hasher.update((Path(__file__).parent / name).read_bytes())
    folder = build_root() / "gates" / f"{generated.design.name}-{hasher.hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            with folder_result(folder) as stage:
                make_gates(generated.sidecar["top"], texts, stage)
    return read_gates(folder, Counter(each["module"] for each in generated.sidecar["instances"]))


def read_gates(folder: Path, instances: Mapping[str, int]) -> Gates:
    """What `make_gates` wrote.

    Args:
        instances: by module, how often it stands in the design; the top may be left out.
    """
    counts = json.loads((folder / COUNTS).read_text(encoding="utf-8"))
    return Gates(folder / NETLIST, folder / CELLS, counts, {module: instances.get(module, 1) for module in counts})


def make_gates(top: str, texts: Mapping[str, str], folder: Path) -> None:
    """Map a design, and write netlist, models and counts into ``folder``, beside the sources.

    Args:
        texts: by name of the file, the design and then the blackboxes of its macros.

    Raises:
        YosysError, NetlistError, TimingError: as of `gates_of`.
    """
    cells = find_cells()
    for name, text in texts.items():
        write_text(folder / name, text)
    source, *boxes = texts
    job = Job([source], boxes, top, Macros({}, {}), {}, cells, folder, ASSUMPTIONS)
    found = map_blocks(job, NETLIST.removesuffix(".v"))
    verilog = (folder / NETLIST).read_text(encoding="utf-8")
    write_text(folder / NETLIST, f"{TIME_SCALE}\n{MODEL}{verilog}")
    write_text(folder / CELLS, cell_models(cells.with_suffix(".v").read_text(encoding="utf-8")))
    counts = {name.removeprefix("\\"): module["num_cells_by_type"] for name, module in found["modules"].items()}
    write_text(folder / COUNTS, json.dumps(counts))


def cell_models(text: str) -> str:
    """Verilog of the cells for a simulator with four states, from the library's own.

    Raises:
        NetlistError: it stores by other tables than those that are known.
    """
    for table in _STORES:
        text, found = re.subn(rf"^primitive {table} .*?^endprimitive", "", text, flags=re.MULTILINE | re.DOTALL)
        text, used = re.subn(rf"^(\s*){table} \(", rf"\1{table} store (", text, flags=re.MULTILINE)
        if found != 1 or not used:
            raise NetlistError(f"the models of the cells have {found} tables {table}, used {used} times")
    return f"{TIME_SCALE}\n{_STORED}{text}"
