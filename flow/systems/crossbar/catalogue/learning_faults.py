"""Faults of the catalogue in the blocks of learning, for designs that have them."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import accumulator_words, feedback_bound
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.fixed import signed_width


def learning_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is computed, in what is remembered, and in what is written."""
    faults = [*_arithmetic(design), *_history(design), *_writes(design), *_folds(design), *_groups(design)]
    rule = update_rule(design)
    faults += (_accumulators(design) if rule.accumulates else []) + (_rounding(design) if rule.draws else [])
    return faults + (_winners() if design.capabilities.selects else [])


def _arithmetic(design: DesignPoint) -> list[Fault]:
    lane, update, product = "remora_gradient_lane", "remora_update_lane", "remora_gradients"
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
            "error_negated",
            "weights follow the error instead of opposing it",
            lane,
            {"word": f"word ^ {1 << design.formats.stream_bits}"},
        ),
        Fault("pulses_forgotten", "no pulse ever falls due", update, {"pulses": "0"}),
        Fault(
            "readout_learns_features",
            "the readout's columns are learnt with features in them",
            product,
            {"readout": "1'b0"},
        ),
    ]
    if design.learning.hidden_shift != design.learning.readout_shift:
        faults.append(
            Fault("readout_rate", "the readout learns at the rate of the hidden layer", update, {"readout": "1'b0"})
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
            "remora_gradients",
            {"zero_states": "1'b0"},
        ),
        Fault(
            "gradients_overtaken",
            "gradients are taken before those of the group before are rounded",
            "remora_update_walk",
            {"free": "1'b1"},
        ),
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
                "history_kept",
                "codes of later steps stay those of the sequence before",
                history,
                {"write_codes": "write_codes && write_step == 0"},
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


def _accumulators(design: DesignPoint) -> list[Fault]:
    level = design.learning.accumulator_level
    kept = f"$signed(good_next_accumulator) + (good_raised ? 1 : -1) * int'(good_pulses) * {level}"
    store, last = "remora_accumulator_store", accumulator_words(design) - 1
    return [
        Fault(
            "level_kept",
            "the accumulator keeps the level that a pulse has paid out",
            "remora_update_lane",
            {"next_accumulator": kept},
        ),
        Fault(
            "accumulators_of_neighbour",
            "a column reads the accumulators of its neighbour",
            store,
            {"read_address": f"read_address != {last} ? read_address + 1 : read_address"},
        ),
    ]


def _rounding(design: DesignPoint) -> list[Fault]:
    unit = "remora_rounding_unit"
    faults = [
        Fault("rounding_not_random", "pulses are rounded down", "remora_update_lane", {"random": "0"}),
        Fault("rounding_repeats", "every update is rounded by the same numbers", unit, {"update_number": "0"}),
        Fault("rounding_unseeded", "rounding does not depend on the seed", unit, {"seed": "0"}),
        Fault(
            "layers_rounded_alike",
            "the readout is rounded by the hidden layer's numbers",
            unit,
            {"position__readout": "0"},
        ),
        Fault("rounding_not_awaited", "numbers are used before they are drawn", unit, {"valid": "1'b1"}),
        Fault("columns_rounded_alike", "all groups are rounded by one key", unit, {"position__column_of_layer": "0"}),
    ]
    if design.learning_folds > 1:
        faults.append(Fault("folds_rounded_alike", "all folds are rounded alike", unit, {"fold_index": "0"}))
    return faults


def _winners() -> list[Fault]:
    unit = "remora_winner_unit"
    return [
        Fault("losers_learn", "the units of least feedback learn", unit, {"learns": "!good_learns"}),
        Fault("one_winner_fewer", "a unit too few learns", unit, {"winners": "winners - 1"}),
        Fault("all_learn", "no unit is skipped", unit, {"learns": "1'b1"}),
    ]


def _folds(design: DesignPoint) -> list[Fault]:
    if design.learning_folds == 1:
        return []
    last = design.learning_folds - 1
    return [
        Fault("first_fold_only", "every fold learns the words of the first", "remora_gradients", {"fold_index": "0"}),
        Fault(
            "fold_left_out",
            "the last fold of a column is never written",
            "remora_update_walk",
            {"learns": f"fold_index == {last} ? 0 : learns"},
        ),
    ]


def _groups(design: DesignPoint) -> list[Fault]:
    columns = design.learning.columns
    if columns == 1:
        return []
    bits = signed_width(feedback_bound(design))
    return [
        Fault(
            "group_cut",
            "the last column of a group is never written",
            "remora_update_walk",
            {"position__count": "position__count > 1 ? position__count - 1 : position__count"},
        ),
        Fault(
            "feedback_shared",
            "all columns of a group learn by the feedback of the first",
            "remora_gradient_walk",
            {"feedback": f"{{{columns}{{feedback[{bits - 1}:0]}}}}"},
        ),
        Fault(
            "columns_swapped",
            "pulses of a column go to its neighbour",
            "remora_pulse_queue",
            {"column_of_tile": "good_column_of_tile ^ 1"},
        ),
    ]


def _writes(design: DesignPoint) -> list[Fault]:
    writer, pulsed = "remora_write_controller", "(good_program_hidden__up | good_program_hidden__down)"
    faults = [
        Fault("direction_reversed", "weights that should rise fall", writer, {"raised": "~raised"}),
        Fault(
            "pair_polarity",
            "pulses go to the other device of the pair",
            writer,
            {"program_hidden__side": "~good_program_hidden__side"},
        ),
        Fault("devices_uncounted", "devices written are not counted", writer, {"devices": "0"}),
        Fault(
            "negative_side_uncounted",
            "devices written on the side of g⁻ are not counted",
            writer,
            {"devices": f"good_devices == 0 ? 0 : $countones({pulsed} & ~good_program_hidden__side)"},
        ),
        Fault(
            "layers_counted_alike",
            "pulses are counted for the wrong layer",
            writer,
            {"layer_written": "!good_layer_written"},
        ),
        Fault("pulse_not_awaited", "the controller always seems ready, so columns are lost", writer, {"ready": "1'b1"}),
        Fault("writes_uncounted", "pulses of learning are not counted", writer, {"applied": "0"}),
        Fault("learning_unending", "the end of learning is never reported", "remora_learning_engine", {"done": "1'b0"}),
        Fault(
            "learnt_unasked",
            "sequences are learnt whether asked or not",
            "remora_sequencer",
            {"sequences__header__flags": "sequences__header__flags | 8'd1"},
        ),
        Fault(
            "answered_unasked",
            "sequences are answered whether asked or not",
            "remora_sequencer",
            {"sequences__header__flags": "sequences__header__flags | 8'd2"},
        ),
    ]
    if layer_layout(design, Layer.HIDDEN).row_tiles > 1:
        first = "good_program_hidden__tile % " + str(layer_layout(design, Layer.HIDDEN).column_tiles)
        faults.append(
            Fault(
                "first_row_tile_only", "every pulse goes to the first row tile", writer, {"program_hidden__tile": first}
            )
        )
    return faults
