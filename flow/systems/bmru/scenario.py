"""What the testbench does to a BMRU accelerator: load of its codes, frames with golden's answers, read-back."""

from __future__ import annotations

import numpy as np

from remora.flow.generate.scenario import Scenario
from remora.flow.systems.bmru.reference import BmruReference, run_reference
from remora.flow.systems.bmru.run import timeout_cycles
from remora.flow.systems.bmru.scan_words import scan_words
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameFlag, ReportFlag
from remora.spec.bmru.scan import chain_bits, check_word
from remora.spec.lib.registers import WORD_BITS, register_map

SEED = 1
CLIPS, FRAMES = 3, 6
"""Clips, and frames of a clip at most."""


def bmru_scenario(design: BmruDesign, codes: BmruCodes | None) -> Scenario:
    """The scenario of a design that is loaded with ``codes``; with random ones where there are none."""
    codes = codes or lively_codes(design, SEED)
    settings = VoteSettings.of(design, report_frames=True)
    packets = tuple(clip_packets(random_features(design, CLIPS, min(FRAMES, design.vote.frames), SEED)))
    reference = run_reference(design, codes, packets, settings)
    stimulus = BmruStimulus(packets, codes, settings)

    timeout = timeout_cycles(design, stimulus, 0.0) + 8 * chain_bits(design)
    scenario = Scenario(register_map(design), timeout)
    scenario.identify()
    scenario.expect("SCAN_LENGTH", bits=chain_bits(design))
    _load(scenario, codes)
    _configure(scenario, settings)
    _queue(scenario, packets, reference)
    scenario.write("CONTROL", run=1)
    scenario.stream()
    scenario.write("CONTROL", run=0)
    scenario.until("STATUS", halted=1)
    scenario.write("CONTROL", snapshot=1)
    scenario.expect("INTERRUPT_STATUS", clip_done=1, scan_done=1, scan_failed=0)
    _compare_counters(scenario, design, reference)
    _compare_states(scenario, design, reference)
    _read_back(scenario, codes)
    scenario.finish()
    return scenario


def _load(scenario: Scenario, codes: BmruCodes) -> None:
    """As software loads a core, with the check word."""
    words = scan_words(codes)
    scenario.write("SCAN_CHECK", value=check_word(codes.chain()))
    scenario.write("SCAN_CONTROL", load=1)
    for index, word in enumerate(words):
        scenario.until("SCAN_STATUS", ready=1)
        scenario.write_word("SCAN_DATA", word, f"word {index} of the codes")
    scenario.until("STATUS", scan_busy=0)
    scenario.expect("SCAN_STATUS", written_wrong=0, chain_wrong=0, latches_wrong=0)
    scenario.expect("STATUS", programmed=1)
    scenario.about.append(f"{len(words)} words of codes are loaded through the scan window, whose checks must pass.")


def _configure(scenario: Scenario, settings: VoteSettings) -> None:
    """Frames back to back; an answer for every frame and one for every vote."""
    scenario.write("PACE", period=0)
    scenario.write("VOTE", frames=settings.frames, sliding=int(settings.sliding), wake_class=settings.wake_class)
    scenario.write("WAKE_THRESHOLD", votes=settings.threshold)
    scenario.write("REPORT", votes=int(settings.report_votes), frames=int(settings.report_frames))


def _queue(scenario: Scenario, packets: tuple[FramePacket, ...], reference: BmruReference) -> None:
    """All frames; the answers to each, one of itself and perhaps one of a vote."""
    answers = list(reference.answers)
    for index, packet in enumerate(packets):
        flags = FrameFlag(packet.data[2])
        where = " and ".join(str(flag.name).lower() for flag in FrameFlag if flags & flag)
        scenario.packet(index, packet.data, f"frame of clip {packet.data[3]}{', ' + where if where else ''}")
        scenario.answer(index, answers.pop(0))
        if answers and answers[0].flags & ReportFlag.VOTE:
            scenario.answer(index, answers.pop(0))
    assert not answers, "every answer belongs to a frame"
    votes = sum(bool(answer.flags & ReportFlag.VOTE) for answer in reference.answers)
    scenario.about.append(
        f"{len(packets)} frames of {CLIPS} clips go in; the class of every frame and {votes} votes are compared."
    )


def _compare_counters(scenario: Scenario, design: BmruDesign, reference: BmruReference) -> None:
    known = reference.counters
    scenario.expect_counters({counter: known[counter] for counter in design.counters() if counter in known})
    scenario.about.append(
        f"{len(reference.counters)} of the hardware's counters are compared at the end, among them the charge that the "
        "core drew, which depends on every current of every frame."
    )


def _compare_states(scenario: Scenario, design: BmruDesign, reference: BmruReference) -> None:
    """Of all cells, after the last frame."""
    states = np.asarray(reference.records["state"][-1]).reshape(-1).astype(np.int64)
    for word, start in enumerate(range(0, design.network.cells, WORD_BITS)):
        bits = states[start : start + WORD_BITS]
        scenario.write("STATE_SELECT", word=word)
        scenario.expect_word("STATE", int((bits << np.arange(len(bits))).sum()))
    scenario.about.append(f"The states of all {design.network.cells} cells are compared after the last frame.")


def _read_back(scenario: Scenario, codes: BmruCodes) -> None:
    """The latches, word by word."""
    scenario.write("SCAN_CONTROL", read=1)
    for index, word in enumerate(scan_words(codes)):
        scenario.until("SCAN_STATUS", ready=1)
        scenario.expect_word("SCAN_DATA", word, note=f"word {index} of the codes")
    scenario.until("STATUS", scan_busy=0)
    scenario.about.append("All codes are read back through the scan window at the end.")
