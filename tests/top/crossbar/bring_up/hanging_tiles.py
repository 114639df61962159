"""A model of the crossbar whose conversions and pulses do not always end, or end late, and harnesses with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import Build, run, write_source
from remora.flow.verify.harness import build_harness
from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from tests.hdl.designs import DESIGNS
from tests.top.crossbar.known_run import known_run

DESIGN_POINTS = {
    # Several tiles of either layer in both directions.
    "three": DESIGNS["primes"].evolve(system={"contexts": 3}),
    "integrators": DESIGNS["primes"].evolve(system={"contexts": 3}, crossbar={"integrators": 2}),
    "learns": DESIGNS["primes"].evolve(
        learning={"enabled": True, "hidden_shift": 3, "readout_shift": 2, "replay_capacity": 3},
        # Its memories forget a bit, too.
        system={"small_memory_bits": 0, "parity": True},
    ),
    # Most of its conversions are those of verification.
    "verified": DESIGNS["primes"].evolve(
        learning={"enabled": True, "hidden_shift": 3, "readout_shift": 2, "verify_reads": 16, "replay_capacity": 3},
    ),
    # So many classes that a conversion begins while the codes before are still taken.
    "every": DESIGNS["primes"].evolve(network={"readout": "every", "classes": 11}, system={"contexts": 3}),
}
HIDDEN, READOUT = (layer_layout(DESIGNS["primes"], layer).tiles for layer in Layer)
SEQUENCES = 30
EDITS = {
    "  assign valid = valid_r && !off;": """\
  // Of the conversions of the tile, counted from 1, every so many-th never becomes valid.
  int hang_valid, conversions;
  initial begin
    conversions = 0;
    if (!$value$plusargs({"hang_valid_", NAME, "=%d"}, hang_valid)) hang_valid = 0;
  end
  always @(posedge clk) if (convert && !off) conversions <= conversions + 1;
  // They may be told to be valid some cycles late.
  int slow_valid;
  bit [63:0] late;
  initial if (!$value$plusargs({"slow_valid_", NAME, "=%d"}, slow_valid)) slow_valid = 0;
  always @(posedge clk) late <= off ? 0 : {late[62:0], valid_r};
  wire ended = slow_valid == 0 ? valid_r : late[6'(slow_valid - 1)];
  assign valid = ended && !off && (hang_valid == 0 || conversions % hang_valid != 0);
  // Wordlines must stand so many cycles before a plane of them is integrated.
  int lead, stood_r;
  bit [ROWS-1:0] wl_pos_r, wl_neg_r;
  initial if (!$value$plusargs("lead=%d", lead)) lead = 0;
  wire [31:0] stood = wl_pos == wl_pos_r && wl_neg == wl_neg_r ? 32'(stood_r + 1) : 0;
  always @(posedge clk) begin
    wl_pos_r <= wl_pos;
    wl_neg_r <= wl_neg;
    stood_r  <= int'(stood);
    if (integrate && !off && (wl_pos != 0 || wl_neg != 0) && stood < 32'(lead))
      $fatal(1, "%s: wordlines stood %0d cycles before the plane, not %0d", NAME, stood, lead);
  end""",
    "  assign busy = pulsing != 0 && !off;": """\
  // Of the pulses of the tile every so many-th keeps it busy until a reset.
  int hang_busy, pulses;
  bit hanging;
  initial begin
    pulses = 0;
    hanging = 0;
    if (!$value$plusargs({"hang_busy_", NAME, "=%d"}, hang_busy)) hang_busy = 0;
  end
  always @(posedge clk)
    if (off) hanging <= 0;
    else if (pulse) begin
      pulses <= pulses + 1;
      hanging <= hang_busy != 0 && (pulses + 1) % hang_busy == 0;
    end
  assign busy = (pulsing != 0 || hanging) && !off;""",
}
STEP_PATTERN, ROW_PATTERN = 0xABCDE, 0x5EED
"""In the low 20 bits of a stored step, and as χ of the fourth row of a word: such a word loses its lowest bit."""
FORGETFUL = {
    "  (* no_rw_check *) reg [WIDTH-1:0] words[DEPTH];": f"""\
  (* no_rw_check *) reg [WIDTH-1:0] words[DEPTH];
  wire [127:0] wide = 128'(write_data);
  wire step = WIDTH == 48 && wide[19:0] == 20'h{STEP_PATTERN:x};
  wire row = WIDTH == 72 && wide[63:48] == 16'h{ROW_PATTERN:x};""",
    "    if (write) words[write_address] <= write_data;": """\
    if (write) words[write_address] <= write_data ^ {{WIDTH - 1{1'b0}}, step || row};""",
}
"""Of the macros with the width of the step memory and of the accumulators of ``learns``."""


def edited_model(model: str, edits: Mapping[str, str]) -> str:
    """The model of the crossbar, told by the plusargs of `hang` what never ends; or of a memory that forgets.

    Raises:
        AssertionError: the model lacks a statement that is edited.
    """
    for sound, hanging in edits.items():
        assert model.count(sound) == 1, sound
        model = model.replace(sound, hanging)
    return model


def hang(tile: Tile, what: str, every: int) -> str:
    """The plusarg by which every so many-th conversion (``valid``) or pulse (``busy``) of a tile never ends."""
    return f"+hang_{what}_{tile.name}={every}"


def slow(tile: Tile, cycles: int) -> str:
    """The plusarg by which every conversion of a tile takes so many cycles, at most 64, longer than it should."""
    return f"+slow_valid_{tile.name}={cycles}"


def stand(cycles: int) -> str:
    """The plusarg by which a tile ends the simulation unless its wordlines stand so many cycles before each plane."""
    return f"+lead={cycles}"


def hanging_models(generated: Generated) -> list[Path]:
    """The models of a design, with tiles that hang as they are told, and memories that forget."""
    edits = {"remora_crossbar.sv": EDITS, "remora_memory.sv": FORGETFUL}
    return [
        write_source(path.name, edited_model(path.read_text(encoding="utf-8"), edits[path.name]))
        if path.name in edits
        else path
        for path in generated.models
    ]


def build_hanging(generated: Generated) -> Build:
    """The harness of a design with these models."""
    make = system_of(generated.design).harness
    return build_harness(generated, make, models=hanging_models(generated), optimise="build")


def run_hanging(hanging: tuple[str, Build], tmp_path: Path, testcase: str, *plusargs: str, **config) -> None:
    """Run one test, ``<module>.<test>`` in tb/crossbar, on tiles that are told what never ends."""
    name, build = hanging
    module, test = testcase.split(".")
    design = DESIGN_POINTS[name]
    known, images = known_run(design, SEQUENCES, tmp_path)
    result = run(
        build,
        f"remora.tb.crossbar.{module}",
        testcase=test,
        config=known | config,
        plusargs=[images, *plusargs],
        run_dir=tmp_path,
    )
    assert len(result.tests) == 1
