"""A tile that never ends a conversion or a pulse stops the core, which tells why and recovers."""

from __future__ import annotations

import pytest

from remora.spec.crossbar.layout import Layer
from tests.top.crossbar.bring_up.hanging_tiles import HIDDEN, READOUT, hang, run_hanging


@pytest.mark.parametrize("hanging", ["three", "learns", "every"], indirect=True)
def test_a_conversion_that_never_ends(hanging, tmp_path):
    """Of a tile that is not the first of its layer, too; a lone sequence waits, one of several is overrun."""
    causes = ["hidden_conversion", "readout_conversion", *(["overrun"] if hanging[0] != "learns" else [])]
    # A sequence whose every step is read out must come to its end between two of them.
    seldom = 53 if hanging[0] == "every" else 7
    hangs = [hang(HIDDEN[0], "valid", 17), hang(HIDDEN[-1], "valid", 41), hang(READOUT[0], "valid", seldom)]
    run_hanging(hanging, tmp_path, "top_timeouts.conversions", *hangs, causes=causes)


def test_what_a_stopped_core_holds_is_forgotten(hanging, tmp_path):
    """Every other readout never ends."""
    run_hanging(hanging, tmp_path, "top_timeouts.forgotten", hang(READOUT[0], "valid", 2))


def test_a_pulse_of_the_window_that_never_ends(hanging, tmp_path):
    causes = [f"{layer.name.lower()}_{what}" for layer in Layer for what in ("pulse", "conversion")]
    hangs = [
        *(hang(tile, "busy", 151) for tile in (HIDDEN[0], READOUT[0])),
        *(hang(tile, "valid", 67) for tile in (HIDDEN[-1], READOUT[-1])),
    ]
    run_hanging(hanging, tmp_path, "top_timeouts.programming", *hangs, causes=causes)


def test_tiles_that_answer_stop_nothing(hanging, tmp_path):
    run_hanging(hanging, tmp_path, "top_timeouts.tiles_that_answer")


def test_a_limit_of_zero_waits_for_ever(hanging, tmp_path):
    run_hanging(hanging, tmp_path, "top_timeouts.no_limit", hang(READOUT[0], "valid", 9))


@pytest.mark.nightly
@pytest.mark.parametrize("hanging", ["verified"], indirect=True)
def test_a_verification_whose_conversion_never_ends(hanging, tmp_path):
    """Rule J1: the update ends without its other reads, and its soft reset waits for that."""
    hangs = [hang(tile, "valid", 1009) for tile in (HIDDEN[0], READOUT[0])]
    causes = ["hidden_conversion", "readout_conversion"]
    run_hanging(hanging, tmp_path, "top_timeouts.updates", *hangs, causes=causes, rounds=16, within=4)


@pytest.mark.parametrize("hanging", ["learns"], indirect=True)
def test_an_update_whose_pulse_never_ends(hanging, tmp_path):
    hangs = [hang(tile, "busy", 101) for tile in (HIDDEN[0], READOUT[0])]
    run_hanging(hanging, tmp_path, "top_timeouts.updates", *hangs, causes=["hidden_pulse", "readout_pulse"], rounds=8)
