"""Faults of the catalogue in the readout at every step and in the parts of its answers, for designs that have them."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

ANSWER, SLOTS, READOUT = (f"remora_step_{name}" for name in ("answer", "slots", "readout"))
LANE, CONTEXTS, SEQUENCER = (f"remora_{name}" for name in ("miru_lane", "contexts", "sequencer"))


def every_step_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in whose scores are whose step's, in the packet of an answer, and in what the next step waits for."""
    faults = [*_parts(design), *_results(design)]
    if design.capabilities.bistable:
        return faults
    return [
        *faults,
        Fault("readout_scaled", "the readout streams the words of the next step", LANE, {"readout_word": "good_word"}),
        Fault("words_unscaled", "the next step streams the words of the readout", LANE, {"word": "good_readout_word"}),
    ]


def _parts(design: DesignPoint) -> list[Fault]:
    classes = design.network.classes
    beats = f"""  int unsigned beat_of_part = 0, part_of_packet = 0;
  wire headless = beat_of_part == 0 && part_of_packet != 0;
  wire beat_passes = good_stream__tvalid && (stream__tready || headless);
  wire part_ends = good_stream__tvalid && beat_of_part == {classes};
  always @(posedge clk)
    if (beat_passes) begin
      beat_of_part <= part_ends ? 0 : beat_of_part + 1;
      if (part_ends) part_of_packet <= good_stream__tlast ? 0 : part_of_packet + 1;
    end"""
    counted = f"""  int unsigned beat_sent = 0;
  always @(posedge clk)
    if (good_stream__tvalid && stream__tready) beat_sent <= beat_sent == {classes} ? 0 : beat_sent + 1;"""
    pushed = """  logic every_other = 0;
  always @(posedge clk)
    if (push && good_ready) every_other <= !every_other && !last;"""
    return [
        Fault(
            "header_missing", "parts after the first have no header", ANSWER,
            {"stream__tvalid": "good_stream__tvalid && !headless", "stream__tready": "stream__tready || headless"},
            beats,
        ),
        Fault(
            "last_at_every_step", "TLAST ends every part", ANSWER,
            {"stream__tlast": f"good_stream__tlast || beat_sent == {classes}"}, counted,
        ),
        Fault(
            "part_lost", "every other part that is not the last is lost", ANSWER,
            {"push": "push && (last || !every_other)"}, pushed,
        ),
    ]  # fmt: skip


def _results(design: DesignPoint) -> list[Fault]:
    classes, bits = design.network.classes, design.formats.adc_bits
    before = f"""  logic [{classes * bits - 1}:0] scores_before = 0;
  always @(posedge clk)
    if (push && good_ready) scores_before <= scores;"""
    faults = [
        Fault(
            "scores_of_the_step_before", "a part has the scores of the step before", ANSWER,
            {"scores": "scores_before"}, before,
        ),
        Fault(
            "ends_early", "a sequence ends with the readout of its first step", READOUT, {"due__last": "1'b1"},
        ),
    ]  # fmt: skip
    if design.network.classes > design.crossbar.adc_cycles + 3:
        early = "codes of the next step come while those before are taken"
        faults.append(Fault("sampled_over", early, "remora_integration_readout", {"blocked": "1'b0"}))
    if design.capabilities.interleaves:
        faults += [
            Fault("slots_exchanged", "parts wait in the slot of another answer", SLOTS, {"number": "good_oldest"}),
            Fault(
                "parts_reordered", "parts leave as they come, whosever they are", SLOTS,
                {
                    "answer__push": "control__push && answer__ready",
                    **{f"next__{name}": f"result__{name}" for name in ("scores", "decision", "tag", "flags", "last")},
                },
            ),
            Fault(
                "readout_not_awaited", "a step starts before the words of the one before are read out", CONTEXTS,
                {f"released__{name}": f"ended__{name}" for name in ("valid", "context_index", "last")},
            ),
        ]  # fmt: skip
    return faults
