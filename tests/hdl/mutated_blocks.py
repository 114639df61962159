"""Blocks that ``remora mutate`` mutates: the test of each, one of its cases, and the module in it.

``python -m tests.hdl.mutated_blocks`` lists their names; with a name and a folder it records the block's bench there,
for `remora.flow.faults.mutants.recipe`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import remora
from remora.hdl.lib.verilog import Bench, convert
from remora.spec.lib.files import write_text
from tests import support
from tests.hdl import mutated_wholes

ROOT = Path(remora.__file__).resolve().parents[1]
MUTANT_BITS = 16


class Block(NamedTuple):
    """A block in the bench of its test."""

    test: str
    """Module of the test below ``tests.hdl``, and its function."""
    case: str
    """The case that is mutated: small, and yet of odd sizes."""
    module: str
    """Of the block, without the case's name."""


BENCHES: dict[tuple[str, str], dict[str, str]] = {
    ("crossbar.test_decision:test_decision", "primes"): {"decision": "decision"},
    ("crossbar.test_adc_interface:test_adc_interface", "primes"): {"adc_interface": "adc_interface_hidden"},
    ("crossbar.test_bit_streamer:test_bit_streamer", "primes"): {"bit_streamer": "bit_streamer"},
    ("crossbar.test_step_packer:test_step_packer", "features_7"): {"step_packer": "step_packer"},
    ("crossbar.test_step_answer:test_step_answer", "primes"): {"step_answer": "step_answer"},
    ("crossbar.test_sequence_buffer:test_sequence_buffer", "primes"): {"sequence_buffer": "sequence_buffer"},
    ("crossbar.test_sequencer:test_sequencer", "primes"): {
        "sequencer": "sequencer", "conversion": "conversion",
    },
    ("crossbar.stages.test_integration:test_integration", "folds"): {"integration_hidden": "integration_hidden"},
    ("crossbar.stages.test_integration:test_integration", "readout"): {"integration_readout": "integration_readout"},
    ("crossbar.stages.test_fold_issue:test_fold_issue", "thirteen"): {"fold_issue": "fold_issue"},
    ("crossbar.test_contexts:test_contexts", "three"): {"contexts": "contexts"},
    ("crossbar.test_crossbar_array:test_crossbar_array", "full"): {"crossbar_array": "crossbar_array_hidden"},
    ("crossbar.test_readout:test_readout", "three"): {"readout": "readout"},
    ("crossbar.test_result_slots:test_result_slots", "three"): {"result_slots": "result_slots"},
    ("crossbar.stages.test_lessons:test_lessons", "heals"): {"lessons": "lessons"},
    ("crossbar.test_weight_window:test_weight_window", "tiled"): {
        "weight_window": "weight_window", "column_probe": "column_probe",
    },
    ("crossbar.window.test_slice_marks:test_slice_marks", "slices"): {"slice_marks": "slice_marks"},
    ("crossbar.verify.test_row_verifier:test_row_verifier", "verified"): {"row_verifier": "row_verifier"},
    ("crossbar.every_step.test_step_slots:test_step_slots", "three"): {"step_slots": "step_slots"},
    ("crossbar.every_step.test_step_readout:test_step_readout", "three"): {"step_readout": "step_readout"},
    ("crossbar.correction.test_store:test_store", "odd"): {"correction_store": "correction_store"},
    ("crossbar.correction.test_correction:test_correction", "odd"): {"correction": "correction"},
    ("crossbar.correction.test_bias_row:test_bias_row", "tiled_hidden"): {"bias_row": "bias_row_hidden"},
    ("crossbar.spares.test_spare_map:test_spare_map", "odd"): {"spare_map": "spare_map"},
    ("crossbar.gain.test_code_gain:test_code_gain", "tiled"): {"code_gain": "code_gain_hidden"},
    ("crossbar.bring_up.test_macro_watch:test_macro_watch", "watch"): {"macro_watch": "macro_watch"},
    ("crossbar.bring_up.test_stretch:test_recovery", "recovery"): {"recovery": "recovery"},
    ("crossbar.correction.test_calibration:test_calibration", "odd"): {"calibration": "calibration"},
    ("crossbar.self_test.test_finding_list:test_finding_list", "primes"): {"finding_list": "finding_list"},
    ("crossbar.self_test.test_pulse_masks:test_pulse_masks", "tiled"): {"pulse_masks": "pulse_masks"},
    ("crossbar.self_test.test_decider:test_decider", "coarse"): {"pair_decider": "pair_decider"},
    ("crossbar.self_test.test_weigher:test_weigher", "five"): {"weigher": "weigher"},
    ("crossbar.self_test.test_self_test:test_self_test", "odd"): {"self_test": "self_test"},
    ("cells.test_miru_cell:test_miru_cell", "three"): {"miru_cell": "miru_cell", "state_store": "state_store"},
    ("cells.test_miru_lane:test_miru_lane", "odd"): {"miru_lane": "miru_lane"},
    ("cells.test_bistable_cells:test_bistable_cells", "bistable_tall"): {"bistable_cell": "bistable_cell"},
    ("lib.test_registers:test_register_block", "replays"): {"register_block": "register_block"},
    ("lib.test_counters:test_counters", "wrapping"): {"counters": "counters"},
    ("lib.test_answer:test_answer", "primes"): {"answer": "answer"},
    ("lib.test_threefry:test_threefry", "rounds"): {"threefry": "threefry"},
    ("lib.test_threefry:test_threefry", "three_lanes"): {"threefry_pipeline": "threefry_pipeline_3"},
    ("lib.test_memory:test_memory", "small_parity"): {"memory": "memory_3x5_parity"},
    ("learning.test_memory_errors:test_memory_errors", "all"): {"memory_errors": "memory_errors"},
    ("learning.test_memory_window:test_memory_window", "all_walk"): {"memory_window": "memory_window"},
    ("learning.test_row_positions:test_row_positions", "words"): {"row_positions": "row_positions"},
    ("learning.test_blocks:test_feedback_unit", "more_units"): {
        "feedback_units": "feedback_units", "feedback_unit": "feedback_unit",
    },
    ("learning.test_blocks:test_lanes_deltas_and_errors", "lane_coarse"): {"gradient_lane": "gradient_lane"},
    ("learning.test_blocks:test_lanes_deltas_and_errors", "update_coarse"): {"update_lane": "update_lane"},
    ("learning.test_blocks:test_lanes_deltas_and_errors", "rounding_primes"): {"update_lane_direct": "update_lane"},
    ("learning.test_blocks:test_lanes_deltas_and_errors", "delta_coarse"): {"delta_unit": "delta_unit"},
    ("learning.test_blocks:test_lanes_deltas_and_errors", "error_coarse"): {"error_unit": "error_unit"},
    ("learning.test_blocks:test_winner_unit", "hidden_7_classes_10"): {"winner_unit": "winner_unit"},
    ("learning.test_blocks:test_rounding_unit", "tiny"): {"rounding_unit": "rounding_unit"},
    ("learning.test_blocks:test_write_controller", "mapped"): {
        "write_controller": "write_controller",
    },
    ("learning.verify.test_corrector:test_corrector", "odd"): {"corrector": "corrector"},
    ("learning.verify.test_missed:test_missed", "small"): {"missed": "missed"},
    ("learning.verify.test_row_reader:test_row_reader", "odd"): {"row_reader": "row_reader"},
    ("learning.verify.test_pulse_verifier:test_pulse_verifier", "small"): {"pulse_verifier": "pulse_verifier"},
    ("learning.update.test_column_group:test_column_group", "odd"): {"column_group": "column_group"},
    ("learning.update.test_fault_map:test_fault_map", "macro"): {"fault_map": "fault_map"},
    ("learning.update.test_gradients:test_gradients", "odd"): {"gradients": "gradients"},
    ("learning.update.test_gradient_walk:test_gradient_walk", "odd"): {"gradient_walk": "gradient_walk"},
    ("learning.update.test_update_walk:test_update_walk", "odd"): {"update_walk": "update_walk"},
    ("learning.update.test_pulse_queue:test_pulse_queue", "odd"): {"pulse_queue": "pulse_queue"},
    ("learning.test_blocks:test_accumulator_store", "folds"): {"accumulator_store": "accumulator_store"},
    ("learning.test_group_feedback:test_group_feedback", "selects"): {"group_feedback": "group_feedback"},
    ("learning.test_history:test_history", "odd"): {"history": "history"},
    ("learning.test_learning_engine:test_numbers", "mapped"): {"learning_engine": "learning_engine"},
    ("learning.test_core_learning:test_core_learning", "odd"): {"core_learning": "core_learning"},
    ("learning.healing.test_healing:test_healing", "unit"): {"healing": "healing"},
    ("learning.test_replay:test_index_unit", "two"): {"index_unit": "index_unit_2"},
    ("learning.test_replay:test_replay_quantiser", "primes"): {
        "replay_quantiser": "replay_quantiser",
    },
    ("learning.test_replay:test_reservoir", "primes_5_heals"): {"reservoir": "reservoir"},
    ("bmru.test_always_on:test_always_on", "awake"): {"always_on": "always_on"},
    ("bmru.test_controller:test_controller", "odd"): {"bmru_controller": "bmru_controller"},
    ("bmru.test_frame_buffer:test_frame_buffer", "odd"): {
        "frame_buffer": "frame_buffer", "clip_tracker": "clip_tracker",
    },
    ("bmru.test_frame_sequencer:test_frame_strobes", "three"): {
        "frame_sequencer": "frame_sequencer",
    },
    ("bmru.test_pace_timer:test_pace_timer", "small"): {"pace_timer": "pace_timer"},
    ("bmru.test_reporter:test_reporter", "odd"): {"reporter": "reporter"},
    ("bmru.test_scan_loader:test_scan_loader", "odd"): {"scan_loader": "scan_loader"},
    ("bmru.test_vote:test_vote", "long"): {"vote": "vote"},
}  # fmt: skip
"""By test, and by the case of it that is mutated: modules by name of the block."""
BLOCKS = {
    name: Block(test, case, module) for (test, case), modules in BENCHES.items() for name, module in modules.items()
}


class Recorded(Exception):
    """Ends a test once its bench is known."""


def record(name: str, folder: Path) -> None:
    """Write the bench of a block into ``folder``: ``bench.v``, ``bench.il`` and ``bench.json``."""
    block = BLOCKS[name]
    module_name, function = block.test.split(":")
    found: dict[str, Any] = {}

    def note(components, test_module, **options) -> None:
        found.update(components=components, test_module=test_module, options=options)
        raise Recorded

    support.simulate_blocks = note
    module = importlib.import_module(f"tests.hdl.{module_name}")
    test = getattr(module, function)
    with suppress(Recorded):
        given = {"night": False, "simulator": "verilator"}
        test(**{name: given[name] for name in inspect.signature(test).parameters if name in given})
    options = found["options"]
    config = dict(options["config"])
    config["cases"] = {block.case: config["cases"][block.case]}
    config["inputs"] = [port for port in config["inputs"] if port.startswith(f"{block.case}__")]
    components = {block.case: found["components"][block.case]}
    netlist = convert(Bench(components, {"mutant": MUTANT_BITS}), support.BENCH, sources=True)
    write_text(folder / "bench.v", netlist.verilog)
    write_text(folder / "bench.il", netlist.library.rtlil)
    testcase = options.get("testcase") or []
    importlib.import_module(found["test_module"])
    recipe = {
        "module": f"{block.case}_{block.module}",
        "design": config["cases"][block.case].get("design"),
        "test_module": found["test_module"],
        "tests": [testcase] if isinstance(testcase, str) else list(testcase),
        "config": config,
        "sources": [str(path) for path in options.get("extra_sources", ())],
        "arguments": list(options.get("arguments", ())),
        "benches": _benches(),
    }
    write_text(folder / "bench.json", json.dumps(recipe))


def _benches() -> list[str]:
    """Files of the test benches that are imported."""
    names = [name for name in sys.modules if name.startswith("remora.tb.") and sys.modules[name].__file__]
    return sorted(Path(sys.modules[name].__file__).resolve().relative_to(ROOT).as_posix() for name in names)


if __name__ == "__main__":
    # Components of the other cases are made and not elaborated.
    warnings.simplefilter("ignore")
    if not sys.argv[1:]:
        print(*BLOCKS, *mutated_wholes.TESTS_OF)
    elif sys.argv[1] in BLOCKS:
        record(sys.argv[1], Path(sys.argv[2]))
    else:
        mutated_wholes.record(sys.argv[1], Path(sys.argv[2]))
