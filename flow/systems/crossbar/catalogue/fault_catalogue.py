"""The catalogue of faults: mistakes that the regression must notice, in every block of the design."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.flow.systems.crossbar.catalogue.bistable_faults import bistable_faults
from remora.flow.systems.crossbar.catalogue.context_faults import context_faults
from remora.flow.systems.crossbar.catalogue.every_step_faults import every_step_faults
from remora.flow.systems.crossbar.catalogue.gain_faults import gain_faults
from remora.flow.systems.crossbar.catalogue.healing_faults import healing_faults
from remora.flow.systems.crossbar.catalogue.learning_faults import learning_faults
from remora.flow.systems.crossbar.catalogue.replay_faults import replay_faults
from remora.flow.systems.crossbar.catalogue.verified_learning_faults import verified_learning_faults
from remora.flow.systems.crossbar.catalogue.verify_faults import mark_faults, verify_faults
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS, FEATURE_BITS
from remora.spec.crossbar.layout import Layer, LayerLayout, layer_layout, sum_bits
from remora.spec.crossbar.tables import candidate_table
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.packets import Drop


def catalogue(design: DesignPoint) -> list[Fault]:
    """Every fault that this design point can have; small ones lack some, such as a row tile left out where there is
    one."""
    own = (bistable_faults,) if design.capabilities.bistable else (_crossbars, _cell)
    parts = (_streamer, *own, _sequence, _answers, _control)
    faults = [fault for part in parts for fault in part(design)]
    faults += context_faults(design) if design.capabilities.interleaves else []
    faults += every_step_faults(design) if design.capabilities.reads_every_step else []
    faults += learning_faults(design) if design.capabilities.learns else []
    faults += replay_faults(design) if design.capabilities.replays else []
    faults += healing_faults(design) if design.capabilities.heals else []
    faults += gain_faults(design) if design.capabilities.gains else []
    faults += verified_learning_faults(design) if design.capabilities.verifies_learning else []
    verifies = design.capabilities.verifies and not design.devices.ideal
    faults += verify_faults(design) if verifies else []
    return faults + (mark_faults(design) if verifies and design.capabilities.compensates else [])


def _streamer(design: DesignPoint) -> list[Fault]:
    module, bias = "remora_bit_streamer", design.wordlines - 1
    skipped = min(3, design.formats.stream_bits - 1)
    planes = {wordline: f"control__plane == {skipped} ? '0 : good_{wordline}" for wordline in ("wl_pos", "wl_neg")}
    faults = [
        Fault(
            "sign_flipped",
            "positive and negative wordlines exchanged",
            module,
            {"wl_pos": "good_wl_neg", "wl_neg": "good_wl_pos"},
        ),
        Fault("plane_skipped", f"bit plane {skipped} is never streamed", module, planes),
        Fault("bias_missing", "the bias line stays low", module, {"wl_pos": f"{{1'b0, good_wl_pos[{bias - 1}:0]}}"}),
    ]
    if not design.capabilities.bistable:
        stale = "the first step streams the words of the sequence before"
        faults.insert(2, Fault("stale_words", stale, module, {"control__first": "1'b0"}))
    return faults


def _crossbars(design: DesignPoint) -> list[Fault]:
    layout, last = layer_layout(design, Layer.HIDDEN), design.formats.stream_bits - 1
    adc, array = "remora_adc_interface_hidden", "remora_crossbar_array_hidden"
    faults = [
        Fault(
            "sampled_early", "the sample is taken one cycle early, before the last bit plane", array,
            {
                "strobes__integrate": f"strobes__integrate && plane != {last}",
                "strobes__sample": f"strobes__integrate && plane == {last}",
            },
        )
    ]  # fmt: skip
    if max(_largest_codes(design)) == design.formats.adc_limit:
        faults.append(
            Fault("saturations_uncounted", "conversions at full scale are not counted", adc, {"counted": "0"})
        )
    if layout.row_tiles > 1:
        if sum(_largest_codes(design)) > design.formats.adc_limit + 1:
            wraps = "the sum of the row tiles' codes wraps instead of saturating"
            faults.append(Fault("sum_wraps", wraps, adc, {"sum": "wrapped_sum"}, _wrapped_sum(design)))
        exchanged = {wordline: _first_tiles_exchanged(layout, wordline) for wordline in ("wl_pos", "wl_neg")}
        faults += [
            Fault(
                "row_tile_left_out", "the last row tile is not added", array,
                {"columns__code": "without_last"}, _without_last(design),
            ),
            Fault("tiles_exchanged", "the first two row tiles stand at each other's wordlines", array, exchanged),
        ]  # fmt: skip
    return faults


def _wrapped_sum(design: DesignPoint) -> str:
    """``wrapped_sum``: every sum that an ADC interface hands on, brought into the bits of a code without saturation."""
    bits, lanes, wide = design.formats.adc_bits, design.cell.lanes, sum_bits(design, Layer.HIDDEN)
    return f"""  logic [{lanes * wide - 1}:0] wrapped_sum;
  always_comb
    for (int lane = 0; lane < {lanes}; lane++)
      wrapped_sum[lane*{wide}+:{wide}] = {wide}'($signed(good_sum[lane*{wide}+:{bits}]));"""


def _without_last(design: DesignPoint) -> str:
    """``without_last``: what the array would give of all row tiles but the last."""
    bits, lanes, wide = design.formats.adc_bits, design.cell.lanes, sum_bits(design, Layer.HIDDEN)
    limit, tiles = design.formats.adc_limit, layer_layout(design, Layer.HIDDEN).row_tiles
    return f"""  function automatic [{bits - 1}:0] limited(input int sum);
    return {bits}'(sum > {limit} ? {limit} : sum < -{limit} ? -{limit} : sum);
  endfunction
  logic [{lanes * bits - 1}:0] without_last;
  always_comb
    for (int lane = 0; lane < {lanes}; lane++)
      without_last[lane*{bits}+:{bits}] = limited(int'($signed(good.adc_{tiles - 2}.sum[lane*{wide}+:{wide}])));"""


def _first_tiles_exchanged(layout: LayerLayout, wordlines: str) -> str:
    """Wordlines of which the second row tile's rows and as many of the first's are exchanged."""
    first, second = (layout.tiles[index * layout.column_tiles].rows for index in range(2))
    ends = [(layout.rows, first + second), (second, 0), (first, second), (first + second, first)]  # upper ones first
    parts = [f"{wordlines}[{end - 1}:{start}]" for end, start in ends if end > start]
    return f"{{{', '.join(parts)}}}"


def _cell(design: DesignPoint) -> list[Fault]:
    cell, lane, limit = "remora_miru_cell", "remora_miru_lane", design.formats.adc_limit
    lowest = f"{design.formats.adc_bits}'(-{limit})"
    address = f"$signed(code) < 0 ? (code == {lowest} ? code : code - 1) : (code == {limit} ? code : code + 1)"
    word_bits = design.formats.stream_bits
    width = design.formats.state_bits + COEFFICIENT_BITS + 4
    truncated = f"""  wire signed [{width - 1}:0] start = first ? 0 : $signed(previous);
  wire signed [{width - 1}:0] change = ($signed(good_candidate) - start) * $signed({{1'b0, update_coefficient}});"""
    faults = [
        Fault(
            "update_complemented",
            "λ and 1 − λ exchanged",
            cell,
            {"host__update_coefficient": f"{1 << COEFFICIENT_BITS} - host__update_coefficient"},
        ),
        Fault(
            "stale_state",
            "the first step starts from the state of the sequence before",
            cell,
            {"control__first": "1'b0"},
        ),
        Fault("rom_off_by_one", "the candidate is read from the next address", lane, {"code": address}),
        Fault(
            "rounding_dropped",
            "the state is truncated instead of rounded",
            lane,
            {"state": f"start + (change >>> {COEFFICIENT_BITS})"},
            truncated,
        ),
    ]
    if not design.capabilities.reads_every_step:
        scaled = "the reset coefficient is applied to the words of the readout"
        faults.insert(2, Fault("readout_scaled", scaled, cell, {"control__last": "1'b0"}))
    code = min(design.formats.adc_limit, sum(_largest_codes(design)))
    if round_shift(candidate_table(design)[code], design.formats.readout_word_shift) > design.formats.stream_limit:
        # Words of the readout saturate, since no coefficient scales them.
        name = "readout_word" if design.capabilities.reads_every_step else "word"
        size = f"good_{name}_saturated ? {word_bits}'d0 : good_{name}[{word_bits - 1}:0]"
        word = f"{{good_{name}[{word_bits}], {size}}}"
        faults.append(Fault("word_wraps", "a streamed word wraps instead of saturating", lane, {name: word}))
    return faults


def _sequence(design: DesignPoint) -> list[Fault]:
    sequencer, buffer, steps = "remora_sequencer", "remora_sequence_buffer", design.network.max_steps
    length, step = "sequences__arrived__length", "sequences__reader__step"
    memory = f"remora_memory_{design.banks * steps}x{FEATURE_BITS * design.network.features}"
    in_body = """  logic in_body = 0;
  always @(posedge clk)
    if (stream__tvalid && good_stream__tready) in_body <= !stream__tlast;"""
    faults = [
        Fault(
            "bank_stuck",
            "the engine reads the first bank, whichever is due",
            memory,
            {"read_address": f"read_address % {steps}"},
        ),
        Fault(
            "drop_miscounted",
            "a dropped packet counts under the next cause",
            buffer,
            {"dropped": _rotated_up("good_dropped", len(Drop))},
        ),
        Fault(
            "label_unchecked",
            "illegal labels are accepted",
            buffer,
            {"stream__tdata": "in_body ? stream__tdata : stream__tdata & ~32'hFFFF"},
            in_body,
        ),
        Fault("free_lost", "banks are never given back", buffer, {"sequences__header__free": "1'b0"}),
        Fault(
            "steps_counted_twice",
            "the counter of steps doubles",
            "remora_counters",
            {"values__steps": "good_values__steps << 1"},
        ),
    ]
    if design.crossbar.adc_cycles > 1:
        faults.append(
            Fault(
                "conversion_not_awaited",
                "codes are taken before they are valid",
                sequencer,
                {"readout__valid" if design.capabilities.bistable else "hidden__valid": "1'b1"},
            )
        )
    if steps > 1:
        faults += [
            Fault(
                "one_step_less",
                "sequences end one step early",
                sequencer,
                {length: f"{length} > 1 ? {length} - 1 : {length}"},
            ),
            Fault(
                "one_step_more",
                "sequences end one step late",
                sequencer,
                {length: f"{length} < {steps} ? {length} + 1 : {length}"},
            ),
            Fault(
                "features_late",
                "a step streams the features of the step before",
                sequencer,
                {step: f"good_{step} != 0 ? good_{step} - 1 : 0"},
            ),
        ]
    return faults


def _answers(design: DesignPoint) -> list[Fault]:
    parts, decision = design.capabilities.reads_every_step, "remora_decision"
    answer = "remora_step_answer" if parts else "remora_answer"
    classes, bits = design.network.classes, design.formats.adc_bits
    taken = "good_stream__tvalid && stream__tready"
    withdrawn = "good_stream__tvalid && !was_refused"
    refused = """  logic was_refused;
  always @(posedge clk) was_refused <= good_stream__tvalid && !stream__tready && !was_refused;"""
    changing = "stream__tready ? good_stream__tdata : ~good_stream__tdata"
    neighbour = """  logic [7:0] last_tag = 0;
  always @(posedge clk)
    if (push) last_tag <= tag;"""
    faults = [
        Fault("valid_stuck", "the answer's stream never stops being valid", answer, {"stream__tvalid": "1'b1"}),
        Fault("beat_lost", "a beat of the answer is lost under back-pressure", answer, {"stream__tready": "1'b1"}),
        Fault(
            "tag_of_neighbour", "an answer carries the tag of the one before", answer, {"tag": "last_tag"}, neighbour
        ),
        Fault("valid_waits", "the answer is valid only while it is taken", answer, {"stream__tvalid": taken}),
        Fault("valid_withdrawn", "a beat on offer is taken back", answer, {"stream__tvalid": withdrawn}, refused),
        Fault("beat_changes", "a beat on offer changes before it is taken", answer, {"stream__tdata": changing}),
        Fault("last_missing", "an answer has no last beat", answer, {"stream__tlast": "1'b0"}),
    ]
    if classes > 1:
        highest = f"""  function automatic int highest_of_the_best();
    highest_of_the_best = 0;
    for (int k = 1; k < {classes}; k++)
      if ($signed(good_scores[k*{bits}+:{bits}]) >= $signed(good_scores[highest_of_the_best*{bits}+:{bits}]))
        highest_of_the_best = k;
  endfunction
  int higher_index;
  always_comb higher_index = highest_of_the_best();"""
        rotated = f"{{good_scores[{bits - 1}:0], good_scores[{classes * bits - 1}:{bits}]}}"
        faults += [
            Fault(
                "ties_to_the_higher",
                "of equal scores the higher class wins",
                decision,
                {"decision": "higher_index"},
                highest,
            ),
            Fault("scores_rotated", "every score is sent for the class before", decision, {"scores": rotated}),
        ]
    return faults


def _control(design: DesignPoint) -> list[Fault]:
    window = "remora_weight_window"
    faults = [
        Fault("interrupt_lost", "the interrupt line stays low", "remora_register_block", {"irq": "1'b0"}),
        Fault(
            "pulse_missing",
            "the first row is never pulsed up",
            window,
            {"program_hidden__up": "good_program_hidden__up & ~1"},
            programs=True,
        ),
    ]
    if design.crossbar.columns > 1:
        column = "good_program_hidden__column ^ 1"
        faults.append(
            Fault(
                "wrong_column",
                "the neighbouring column is programmed",
                window,
                {"program_hidden__column": column},
                programs=True,
            )
        )
    return faults


def _largest_codes(design: DesignPoint) -> list[int]:
    """Code of each row tile for a unit whose weights are all at the upper end, under full-scale features and states.

    That is what ``remora.flow.systems.crossbar.stimulus.stress_stimulus`` gives."""
    network, limit = design.network, design.formats.stream_limit
    state = limit // 2 if network.max_steps > 1 else 0
    words = [limit - 1] * network.features + [state] * network.hidden + [limit]
    sums = [
        design.crossbar.weight_limit * sum(words[tile.row_slice])
        for tile in layer_layout(design, Layer.HIDDEN).tiles
        if tile.column_tile == 0
    ]
    return [min(design.formats.adc_limit, round_shift(each, design.adc_shift)) for each in sums]


def _rotated_up(signal: str, width: int) -> str:
    return f"{{{signal}[{width - 2}:0], {signal}[{width - 1}]}}"
