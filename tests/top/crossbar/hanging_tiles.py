"""A model of the crossbar whose conversions and pulses do not always end, and harnesses that are built with it."""

from __future__ import annotations

from remora.flow.generate.directory import Generated
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import Build, write_source
from remora.flow.verify.harness import build_harness
from remora.spec.crossbar.layout import Tile

EDITS = {
    "  assign valid = valid_r && !off;": """\
  // Of the conversions of the tile, counted from 1, every so many-th never becomes valid.
  int hang_valid, conversions;
  initial begin
    conversions = 0;
    if (!$value$plusargs({"hang_valid_", NAME, "=%d"}, hang_valid)) hang_valid = 0;
  end
  always @(posedge clk) if (convert && !off) conversions <= conversions + 1;
  assign valid = valid_r && !off && (hang_valid == 0 || conversions % hang_valid != 0);""",
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


def hanging_model(model: str) -> str:
    """The model of the crossbar, told by the plusargs of `hang` what never ends.

    Raises:
        AssertionError: the model lacks a statement that is edited.
    """
    for sound, hanging in EDITS.items():
        assert model.count(sound) == 1, sound
        model = model.replace(sound, hanging)
    return model


def hang(tile: Tile, what: str, every: int) -> str:
    """The plusarg by which every so many-th conversion (``valid``) or pulse (``busy``) of a tile never ends."""
    return f"+hang_{what}_{tile.name}={every}"


def build_hanging(generated: Generated) -> Build:
    """The harness of a design, with tiles that hang as they are told."""
    models = [
        write_source(path.name, hanging_model(path.read_text(encoding="utf-8")))
        if path.name == "remora_crossbar.sv"
        else path
        for path in generated.models
    ]
    return build_harness(generated, system_of(generated.design).harness, models=models, optimise="build")
