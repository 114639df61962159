"""Crossbar tiles of the bench of real devices, random devices for them, and how the bench is built and run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from remora.flow.systems.crossbar.harness import REAL_DEVICES
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import build_executable, write_source
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from tests.hdl.designs import make_design
from tests.hdl.macro_models import CROSSBAR
from tests.support import icarus

PARTS = make_design(  # tiles in both directions of either layer, in larger macros; draws that two tiles share
    network={"features": 3, "hidden": 10, "classes": 4, "max_steps": 5},
    cell={"lanes": 5},
    crossbar={"rows": 8, "columns": 5, "levels": 8, "fraction_bits": 4, "macro_rows": 9, "macro_columns": 6},
)
WIDE = make_design(  # several draws a sample, two integrators
    network={"features": 9, "hidden": 20, "classes": 10, "max_steps": 5},
    cell={"lanes": 5},
    crossbar={"rows": 64, "columns": 20, "levels": 32, "fraction_bits": 11, "integrators": 2},
)
ONE = make_design(  # a pair a tile, and no bits below a level
    network={"features": 1, "hidden": 1, "classes": 1, "max_steps": 2},
    cell={"lanes": 1},
    crossbar={"rows": 1, "columns": 1, "levels": 4, "fraction_bits": 0},
)


@dataclass(frozen=True)
class TileCase:
    """A tile and its converter.

    Attributes:
        design: without devices. ``index``: of the tile in its layer. ``fine``: its converter hides nothing.
    """

    name: str
    design: DesignPoint
    layer: Layer
    index: int
    fine: bool = True

    @property
    def tile(self) -> Tile:
        """Where it lies in the layer."""
        return layer_layout(self.design, self.layer).tiles[self.index]

    @property
    def parameters(self) -> dict[str, int]:
        """Of the module device_tile."""
        crossbar, formats = self.design.crossbar, self.design.formats
        return {
            "ROWS": self.tile.macro_rows,
            "COLUMNS": self.tile.macro_columns,
            "COLUMN_BITS": max(1, (self.tile.macro_columns - 1).bit_length()),
            "ADC_BITS": 24 if self.fine else formats.adc_bits,
            "ADC_SHIFT": 0 if self.fine else self.design.adc_shift,
            "ADC_CYCLES": 1 + self.index,
            "INTEGRATORS": crossbar.integrators,
            "LEVELS": crossbar.levels,
            "FRACTION_BITS": crossbar.fraction_bits,
            "PULSE_CYCLES": 1 + self.index % 3,
        }


TILES = (
    TileCase("parts_0", PARTS, Layer.HIDDEN, 0),
    TileCase("parts_3", PARTS, Layer.HIDDEN, 3),
    TileCase("parts_coarse", PARTS, Layer.READOUT, 1, fine=False),
    TileCase("wide", WIDE, Layer.HIDDEN, 0),
    TileCase("wide_readout", WIDE, Layer.READOUT, 0, fine=False),
    TileCase("one", ONE, Layer.READOUT, 1),
)
SMALL = tuple(case for case in TILES if case.name in ("parts_3", "one"))


HERE = Path(__file__).parent


def build_bench(
    cases: tuple[TileCase, ...], simulator: str, models: Sequence[Path] = CROSSBAR, real: bool = True
) -> list[str]:
    """The command that runs cases side by side.

    Args:
        simulator: ``verilator`` or ``icarus``.
        models: of the crossbar.
        real: compile them for real devices.
    """
    top = write_source("device_bench.sv", bench_text(cases, simulator == "icarus"))
    defined = [write_source("real_devices.sv", f"`define {REAL_DEVICES}\n")] if real else []
    sources = [*defined, HERE / "device_tile.sv", *models, top]
    if simulator == "icarus":
        return [str(icarus().vvp), "-n", str(build_icarus(sources, "top", name="real_devices").executable)]
    main = HERE / "device_main.cpp"
    return [str(build_executable(sources, "top", main, name="real_devices", optimise="build").executable)]


def start_bench(command: Sequence[str], folder: Path, *plusargs: str) -> subprocess.CompletedProcess[str]:
    """Run the scripts of a folder on the chip of the same folder; what is left of it goes to the folder ``end``."""
    (folder / "end").mkdir(exist_ok=True)
    chip = [f"+remora_chip={folder}", f"+script={folder}", f"+remora_devices={folder / 'end'}"]
    return subprocess.run([*command, *chip, *plusargs], capture_output=True, text=True, check=False)


def bench_text(cases: tuple[TileCase, ...], clocked: bool) -> str:
    """The top module: every case, and the end of the simulation when all are done.

    Args:
        clocked: it makes its own clock, which needs a simulator with delays.
    """
    clock = ["module top;", "  bit clk = 0;", "  always #5 clk = !clk;"] if clocked else ["module top(input wire clk);"]
    instances = []
    for number, case in enumerate(cases):
        parameters = ", ".join(f".{name}({value})" for name, value in case.parameters.items())
        instances.append(
            f'  device_tile #({parameters}, .NAME("{case.name}")) {case.name} (.clk(clk), .done(done[{number}]));'
        )
    return "\n".join(
        [
            "`timescale 1ns / 1ps", *clock, f"  wire [{len(cases) - 1}:0] done;", *instances,
            "  always @(posedge clk) if (&done) $finish;", "endmodule", "",
        ]
    )  # fmt: skip


def random_devices(random: Random, wanted: tuple[str, ...]) -> dict[str, Any]:
    """A section ``[devices]`` in which these of `remora.spec.devices.section.NON_IDEALITIES` are strong."""

    def curve(most: float) -> tuple[float, ...]:
        return tuple(random.uniform(0, most) for _ in range(random.randint(1, 5)))

    choices: dict[str, dict[str, Any]] = {
        "on_off": {"on_off": random.uniform(2, 20)},
        "response": {
            "raise_steps": tuple(0.1 + value for value in curve(2)),
            "lower_steps": tuple(0.1 + value for value in curve(2)),
        },
        "step_spread": {
            "step_spread": random.uniform(0.1, 0.8),
            "step_law": random.choice(["normal", "lognormal"]),
            "direction_spread": random.uniform(0, 0.3),
        },
        "bound_spread": {"rest_spread": random.uniform(0.05, 0.3), "full_spread": random.uniform(0.05, 0.3)},
        "cycle_noise": {"cycle_noise": random.uniform(0.1, 2), "cycle_noise_range": random.uniform(0.01, 0.1)},
        "write_noise": {"write_noise": tuple(0.02 + value for value in curve(0.2))},
        "read_noise": {"read_noise": random.uniform(0.02, 0.3)},
        "slow_noise": {"slow_noise": tuple(0.02 + value for value in curve(0.2)), "slow_base": random.uniform(0, 30)},
        "stuck": {"stuck_rest": 0.1, "stuck_full": 0.1},
        "corrupt": {"corrupt": 0.2},
        "dead_columns": {"dead_columns": 0.3},
        "drift": {"drift": tuple(0.02 + value for value in curve(0.1)), "drift_spread": curve(0.05)},
        "endurance": {"endurance": random.uniform(2, 8), "endurance_spread": 0.3},
        "wires": {
            "wire_row": random.uniform(5, 100),
            "wire_column": random.uniform(5, 100),
            "full_conductance": random.uniform(1e-5, 3e-4),
        },
        "converter_offset": {"converter_offset": random.uniform(2, 20)},
        "converter_gain": {"converter_gain": random.uniform(0.01, 0.2)},
        "converter_noise": {"converter_noise": random.uniform(0.5, 5)},
        "plane_error": {"plane_error": random.uniform(0.01, 0.2)},
    }
    return {name: value for each in wanted for name, value in choices[each].items()}
