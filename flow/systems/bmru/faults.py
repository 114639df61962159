"""The fault bench of the BMRU accelerator: mistakes in the controller, at the core and in it."""

from __future__ import annotations

from typing import Any

from remora.flow.faults.bench import FaultBench
from remora.flow.faults.mutation import Fault
from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.bmru.model_faults import model_faults
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import stress_stimulus
from remora.spec.bmru.design import BmruDesign

CLIPS = 24
THRESHOLD = 3
"""Votes that wake: fewer than a clip may have, more than one."""
PERIOD = 200
"""Cycles in which the bad packets between two frames, and one more frame, have passed."""
_WITHOUT_HOLES = (
    "stream__tlast && (stream__tkeep == 4'h1 || stream__tkeep == 4'h3 || stream__tkeep == 4'h7) ? stream__tkeep : 4'hf"
)


class BmruFaultBench(FaultBench):
    """The two runs: clips that vote at their end, under stalls; and a vote that slides, paced. Both meet everything
    that can be wrong with packets."""

    FINDINGS = (
        r"\d+ of \d+ packets are accounted for, \d+ cycles after the last answer",
        r"the codes did not arrive",
        r"Write to address 0x\w+ failed with BRESP: \d",
    )

    def __init__(self, design: BmruDesign, seed: int = 1) -> None:
        self.design = design
        settings: dict[str, Any] = {"threshold": THRESHOLD, "wake_class": _wake_class(design), "report_frames": True}
        window, period = min(5, design.vote.frames), PERIOD + 2 * design.cycles.awake
        self.stimuli = {
            False: stress_stimulus(design, CLIPS, seed, frames=min(8, design.vote.frames), **settings),
            True: stress_stimulus(design, CLIPS, seed, period=period, sliding=True, frames=window, **settings),
        }
        parts = bmru_parts(design, self.stimuli[False].codes)
        super().__init__(parts, bmru_harness, bmru_catalogue(design), seed)

    def case(self, programs: bool) -> BmruCase:
        """See the base."""
        return BmruCase(self.design, self.stimuli[programs])

    def stall(self, programs: bool) -> float:
        """See the base; frames that stall are off their pace."""
        return 0.0 if programs else super().stall(programs)


def bmru_catalogue(design: BmruDesign) -> list[Fault]:
    """Every fault that this design point can have."""
    parts = (_packets, _frames, _votes, _answers, _scan, _control, model_faults)
    return [fault for part in parts for fault in part(design)]


def _packets(design: BmruDesign) -> list[Fault]:
    buffer, tracker, bits = "remora_frame_buffer", "remora_clip_tracker", design.formats.feature_bits
    features = design.network.features
    faults = [
        Fault("feature_lost", "feature 0 is always 0", buffer, {"features": f"good_features >> {bits} << {bits}"}),
        Fault("saturations_uncounted", "features beyond the DAC's codes are not counted", buffer, {"saturated": "0"}),
        Fault("drops_uncounted", "packets are dropped in silence", buffer, {"dropped": "0"}),
        Fault("tkeep_ignored", "packets with a hole in TKEEP are taken", buffer, {"stream__tkeep": _WITHOUT_HOLES}),
        Fault("strays_kept", "frames outside a clip are taken", tracker, {"outside": "1'b0"}),
        Fault("cut_unnoticed", "a clip that is cut off is not counted", tracker, {"cut": "1'b0"}),
        Fault("end_ignored", "the flag that ends a clip is ignored", tracker, {"ends": "1'b0"}),
        Fault("clips_unbounded", "a clip never ends by its length", tracker, {"configured__frames": "10'h3ff"}),
    ]
    if features > 1:
        others = f"good_features[{features * bits - 1}:{2 * bits}], " if features > 2 else ""
        swapped = f"{{{others}good_features[{bits - 1}:0], good_features[{bits}+:{bits}]}}"
        faults.append(Fault("features_swapped", "the first two features are exchanged", buffer, {"features": swapped}))
    return faults


def _frames(design: BmruDesign) -> list[Fault]:
    sequencer, core, blocks = "remora_frame_sequencer", "remora_core_macro", design.network.blocks
    always_on = "remora_always_on"
    tired = "  logic [5:0] tired = 0; always @(posedge clk) tired <= tired + 1;"
    was = "  logic was_settling; always @(posedge clk) was_settling <= good_settle;"
    late = "  logic [{top}:0] feature_before; always @(posedge clk) if (sample) feature_before <= feature;"
    top = design.network.features * design.formats.feature_bits - 1
    return [
        Fault("clip_not_cleared", "the core goes on from the clip before", sequencer, {"clear": "1'b0"}),
        Fault(
            "settles_short", "a frame settles for one cycle less", sequencer,
            {"settle": "good_settle && (was_settling || good_sample || |good_evaluate)"}, helper=was,
        ),
        Fault(
            "block_not_evaluated", "the cells of the last block never decide", sequencer,
            {"evaluate": f"good_evaluate & ~({blocks}'d1 << {blocks - 1})"},
        ),
        Fault("features_late", "the DACs show the frame before", core, {"feature": "feature_before"},
              helper=late.format(top=top)),
        Fault("unpaced", "frames do not wait until they are due", sequencer, {"due": "1'b1"}, programs=True),
        Fault("awake_for_ever", "the controller never goes to sleep", sequencer, {"awake": "1'b1"}),
        Fault("never_gated", "the gated clock always runs", always_on, {"enable": "1'b1"}),
        Fault("sleeps_at_work", "the clock stops whatever is at work", always_on, {"asks": "asks && !tired[5]"}, tired),
        Fault("overslept", "a frame that waits does not wake the clock", always_on, {"waits": "1'b0"}, programs=True),
        Fault("valid_missing", "the core never says that its winner is valid", core, {"valid": "1'b0"}),
        Fault("meter_frozen", "the charge is not read from the core's meter", core, {"charge": "0"}),
    ]  # fmt: skip


def _votes(design: BmruDesign) -> list[Fault]:
    vote = "remora_vote"
    first = "  logic seen = 0; always @(posedge clk) if (prepare && first) seen <= 1;"
    faults = [
        Fault("votes_kept", "votes of the clip before count on", vote, {"first": "first && !seen"}, helper=first),
        Fault("threshold_ignored", "any majority of the wake class wakes", vote, {"settings__threshold": "0"}),
        Fault("wakes_uncounted", "wake-ups raise nothing", vote, {"wake": "1'b0"}),
        Fault("window_grows", "no frame leaves the sliding window", vote, {"settings__frames": "10'h3ff"},
              programs=True),
        Fault("wake_repeated", "every vote for the wake class wakes anew", vote,
              {"wake": "good_voted && good_majority == woken && enough(good_votes)"},
              helper=_enough(design), programs=True),
    ]  # fmt: skip
    if design.network.classes > 1:
        faults += [
            Fault("class_inverted", "the class is taken for its neighbour", vote, {"winner": "winner ^ 1"}),
            Fault(
                "wake_class_mistaken", "another class wakes", vote, {"settings__wake_class": "settings__wake_class ^ 1"}
            ),
        ]
    return faults


def _wake_class(design: BmruDesign) -> int:
    return min(1, design.network.classes - 1)


def _enough(design: BmruDesign) -> str:
    """Whether a packed count of votes reaches the threshold of the test bench for the wake class."""
    wake_class = _wake_class(design)
    return (
        f"  localparam int woken = {wake_class};\n"
        f"  function automatic logic enough(input logic [{10 * design.network.classes - 1}:0] votes);\n"
        f"    return votes[{10 * wake_class}+:10] >= {THRESHOLD};\n"
        "  endfunction"
    )


def _answers(design: BmruDesign) -> list[Fault]:
    reporter, answer = "remora_reporter", "remora_answer"
    return [
        Fault("frames_unreported", "frames are not reported", reporter, {"report_frames": "1'b0"}),
        Fault("votes_unreported", "votes are not reported", reporter, {"report_votes": "1'b0"}),
        Fault("stall_ignored", "the next frame does not wait for answers", reporter, {"taken": "1'b1"}),
        Fault("wake_untold", "an answer does not say that it wakes", reporter, {"flags": "good_flags & 3"}),
        Fault("tag_lost", "answers come with tag 0", answer, {"tag": "0"}),
        Fault("last_missing", "answers have no end", answer, {"stream__tlast": "1'b0"}),
    ]


def _scan(design: BmruDesign) -> list[Fault]:
    loader, core = "remora_scan_loader", "remora_core_macro"
    shifts = "  int shifts = 0; always @(posedge clk) if (scan_enable) shifts <= shifts + 1;"
    return [
        Fault("scan_stuck", "the chain's input is stuck at 0", core, {"scan_in": "1'b0"}),
        Fault("scan_slips", "a shift is lost now and then", core, {"scan_enable": "scan_enable && shifts % 50 != 37"},
              helper=shifts),
        Fault("gated_too_much", "the core's clock stops while its chain is shifted", loader, {"host__busy": "1'b0"}),
        Fault("latch_missing", "codes are never latched", core, {"scan_latch": "1'b0"}),
        Fault("load_trusted", "codes are trusted whatever their check word", loader, {"trusted": "good_host__done"}),
        Fault("failure_silent", "a wrong check word raises nothing", loader, {"host__failed": "1'b0"}),
        Fault(
            "strobes_inverted", "bytes without strobe are taken", loader, {"host__data_strobes": "~host__data_strobes"}
        ),
        Fault(
            "read_back_stale", "a read-back always gives the same word", loader,
            {"host__data_read_value": "32'h5a5a5a5a"},
        ),
    ]  # fmt: skip


def _control(design: BmruDesign) -> list[Fault]:
    short, long = (f"increments__dropped_{name}" for name in ("short", "long"))
    return [
        Fault(
            "counters_mixed", "packets that are too short count as too long", "remora_counters",
            {short: long, long: short},
        ),
        Fault("interrupt_dead", "the interrupt line stays low", "remora_register_block", {"irq": "1'b0"}),
    ]  # fmt: skip
