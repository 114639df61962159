"""Faults of the catalogue in the blocks of learning, for designs that have them."""

from __future__ import annotations

from flow.mutation import Fault
from spec.design import DesignPoint
from spec.layout import Layer, layer_layout


def learning_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is computed, in what is remembered, and in what is written."""
    return [*_arithmetic(design), *_history(design), *_writes(design)]


def _arithmetic(design: DesignPoint) -> list[Fault]:
    lane, product, level = "remora_learning_lane", "remora_outer_product", design.learning.accumulator_level
    kept = f"$signed(good_next_accumulator) + (good_raised ? 1 : -1) * int'(good_pulses) * {level}"
    faults = [
        Fault(
            "feedback_negated",
            "the feedback matrix has the wrong sign",
            "remora_feedback_unit",
            {"feedback": "-good_feedback"},
        ),
        Fault(
            "feedback_of_neighbour",
            "feedback is drawn for the next column",
            "remora_threefry",
            {"counter_1": "counter_1 + 1"},
        ),
        Fault("seed_ignored", "the feedback matrix does not depend on the seed", "remora_threefry", {"key_0": "0"}),
        Fault("delta_off_by_one", "every delta is one too large", "remora_delta_unit", {"delta": "good_delta + 1"}),
        Fault("gradient_not_started", "a gradient goes on from the column before", lane, {"first": "1'b0"}),
        Fault(
            "word_sign_lost",
            "negative words count as positive",
            lane,
            {"word": f"word & {(1 << design.formats.stream_bits) - 1}"},
        ),
        Fault(
            "level_kept", "the accumulator keeps the level that a pulse has paid out", lane, {"next_accumulator": kept}
        ),
        Fault("pulses_forgotten", "no pulse ever falls due", lane, {"pulses": "0"}),
        Fault(
            "readout_learns_features",
            "the readout's columns are learnt with features in them",
            product,
            {"readout": "1'b0"},
        ),
    ]
    if design.learning.hidden_shift != design.learning.readout_shift:
        faults.append(
            Fault("readout_rate", "the readout learns at the rate of the hidden layer", lane, {"readout": "1'b0"})
        )
    if design.network.classes > 1:
        faults.append(
            Fault(
                "label_of_neighbour",
                "the label is taken for its neighbour",
                "remora_error_unit",
                {"label": "label ^ 1"},
            )
        )
    return faults


def _history(design: DesignPoint) -> list[Fault]:
    history, steps = "remora_history", design.network.max_steps
    faults = [
        Fault(
            "stale_history",
            "the first step learns with the words of another sequence",
            "remora_outer_product",
            {"zero_states": "1'b0"},
        )
    ]
    if steps > 1:
        faults += [
            Fault(
                "codes_late",
                "deltas come from the codes of the step before",
                history,
                {"code_step": "code_step != 0 ? code_step - 1 : 0"},
            ),
            Fault(
                "words_late",
                "words of the step before are learnt",
                history,
                {"word_step": "word_step != 0 ? word_step - 1 : 0"},
            ),
            Fault(
                "learns_short",
                "the last step is not learnt",
                "remora_learning_engine",
                {"length": "length > 1 ? length - 1 : length"},
            ),
        ]
    if design.folds > 1:
        faults.append(
            Fault(
                "fold_of_neighbour",
                "codes are kept under another fold",
                history,
                {"write_fold": f"write_fold == {design.folds - 1} ? 0 : write_fold + 1"},
            )
        )
    return faults


def _writes(design: DesignPoint) -> list[Fault]:
    writer = "remora_write_controller"
    faults = [
        Fault("direction_reversed", "weights that should rise fall", writer, {"raised": "~raised"}),
        Fault("pulse_not_awaited", "the controller always seems ready, so columns are lost", writer, {"ready": "1'b1"}),
        Fault("writes_uncounted", "pulses of learning are not counted", writer, {"applied": "0"}),
        Fault("learning_unending", "the end of learning is never reported", "remora_learning_engine", {"done": "1'b0"}),
        Fault("learnt_unasked", "sequences are learnt whether asked or not", "remora_sequencer", {"learn": "1'b1"}),
        Fault("answered_unasked", "sequences are answered whether asked or not", "remora_sequencer", {"infer": "1'b1"}),
    ]
    if layer_layout(design, Layer.HIDDEN).row_tiles > 1:
        first = "good_program_hidden__tile % " + str(layer_layout(design, Layer.HIDDEN).column_tiles)
        faults.append(
            Fault(
                "first_row_tile_only", "every pulse goes to the first row tile", writer, {"program_hidden__tile": first}
            )
        )
    return faults
