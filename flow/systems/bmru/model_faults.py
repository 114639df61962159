"""Faults inside the behavioural model of the BMRU core: an edit of one of its statements each.

What they break is the circuit's behaviour, which golden has a second time; `remora.flow.systems.bmru.faults` has the
mistakes around the core.
"""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.bmru.design import BmruDesign

MODEL = "remora_bmru_core"


def model_faults(design: BmruDesign) -> list[Fault]:
    """Every fault of the model that this design point can show."""
    faults = [
        _edited(
            "layer_diode_missing", "a block copies the negative rail of the skip too",
            "source[i] = diode(skip[b][i]);", "source[i] = {awake} ? skip[b][i] : diode(skip[b][i]);",
        ),
        _edited(
            "cell_diode_missing", "a cell sees what its diode should cut off",
            "int current = diode(node[1+2*b][j]);",
            "int current = {awake} ? node[1+2*b][j] : diode(node[1+2*b][j]);",
        ),
        _edited(
            "thresholds_exchanged", "a cell sets at its lower threshold",
            "if (current >= threshold[b][j]) is_set", "if (current >= ({awake} ? low[b][j] : threshold[b][j])) is_set",
        ),
        _edited(
            "never_resets", "a cell that is set stays set",
            "else if (current <= low[b][j]) is_set", "else if (current <= low[b][j] && !{awake}) is_set",
        ),
        _edited(
            "charge_not_held", "the meter leaves out the time from the sample to the next frame",
            "(sample ? longint'(HOLD_CYCLES) + 1 : 1)", "(sample && !{awake} ? longint'(HOLD_CYCLES) + 1 : 1)",
        ),
        _edited(
            "settles_at_once", "a node reaches its target in one cycle",
            "target = limited(rounded(sum, SHIFT) + longint'(noise[l][j]));",
            "target = limited(rounded(sum, SHIFT) + longint'(noise[l][j]));\n      if ({awake}) node[l][j] = target;",
        ),
        _edited(
            "not_unpowered", "cells stay set when the core is cleared",
            "if (clear) unpower();", "if (clear && !{awake}) unpower();",
        ),
        _edited(
            "weights_unsigned", "the rail bit of a mirror does nothing",
            "return latches[cursor+RATIO_BITS] ? -ratio : ratio;",
            "return latches[cursor+RATIO_BITS] && !{awake} ? -ratio : ratio;",
        ),
    ]  # fmt: skip
    if design.cell.leakage_pa:
        faults.append(
            _edited(
                "leakage_missing", "a cell that is off puts out nothing",
                "source[i] = is_set[b][i] ? gain[b][i] : LEAKAGE_PA;",
                "source[i] = is_set[b][i] ? gain[b][i] : {awake} ? 0 : LEAKAGE_PA;",
            )
        )  # fmt: skip
    if design.nonidealities.noise_rms_pa:
        faults.append(
            _edited(
                "noise_repeated", "every frame has the noise of the first",
                "draw(FRAME_NOISE, frame, ", "draw(FRAME_NOISE, {awake} ? 0 : frame, ",
            )
        )  # fmt: skip
    if design.nonidealities.mismatch_rms:
        faults.append(
            _edited(
                "rails_matched", "both devices of a mirror err alike",
                "draw(MIRROR_MISMATCH, 0, element, rail)", "draw(MIRROR_MISMATCH, 0, element, {awake} ? 0 : rail)",
            )
        )  # fmt: skip
    return faults


def _edited(name: str, breaks: str, sound: str, broken: str) -> Fault:
    return Fault(name, breaks, MODEL, edits={sound: broken})
