"""The register map of a crossbar design point: its SystemRDL, and what the design point sets in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import HEALING_RATE_SHIFT
from remora.spec.crossbar.memories import host_memories
from remora.spec.crossbar.self_test.plan import LEAST_SUM, SelfTestPlan
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.registers import RegisterSource

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

RDL_FILE = Path(__file__).with_name("registers.rdl")


def register_source(design: DesignPoint) -> RegisterSource:
    """SystemRDL of a design point's register map."""
    return RegisterSource(RDL_FILE, "remora", _parameters(design))


def _parameters(design: DesignPoint) -> dict[str, int | str]:
    network = design.network
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    memories = host_memories(design)
    return {
        "design_features": network.features,
        "design_hidden": network.hidden,
        "design_classes": network.classes,
        "design_max_steps": network.max_steps,
        "design_feature_signed": int(network.feature_signed),
        "design_learning": design.capabilities.learns,
        "design_selects": design.capabilities.selects,
        "design_replays": design.capabilities.replays,
        "design_heals": design.capabilities.heals,
        "design_compensates": design.capabilities.compensates,
        "design_tests": design.capabilities.tests_itself,
        "design_calibrates": design.capabilities.calibrates,
        "design_gains": design.capabilities.gains,
        "design_digital_bias": design.capabilities.digital_bias,
        "design_corrects": design.capabilities.corrects,
        "design_test_threshold": SelfTestPlan.of(design).threshold if design.capabilities.tests_itself else 0,
        "design_spares": design.crossbar.spare_columns,
        "design_has_spares": design.capabilities.spares,
        "design_test_least": LEAST_SUM,
        "design_verifies_learning": design.capabilities.verifies_learning,
        "design_verify_feedback": design.learning.verify_feedback,
        "design_heal_shift": HEALING_RATE_SHIFT,
        "design_memories": bool(memories),
        "design_parity": design.capabilities.parity,
        "design_verifies": design.capabilities.verifies,
        "design_counts_codes": design.capabilities.counts_codes,
        "design_store_guard": "memory_word" if any(size.limits for size in memories.values()) else "",
        "design_update": update_rule(design).number,
        "design_seed": design.learning.seed,
        "design_winners": design.winners,
        "design_columns": design.learning.columns,
        "design_replay_ratio": design.learning.replay_ratio,
        "design_replay_capacity": design.learning.replay_capacity,
        "design_interleaves": design.capabilities.interleaves,
        "design_contexts": design.system.contexts,
        "design_every_step": design.capabilities.reads_every_step,
        "design_two_integrators": int(design.crossbar.integrators == 2),
        "design_cell_kind": int(design.capabilities.bistable),
        "design_bistable": design.capabilities.bistable,
        "design_lanes": network.hidden if design.capabilities.bistable else design.cell.lanes,
        "design_hidden_row_tiles": hidden.row_tiles,
        "design_hidden_column_tiles": hidden.column_tiles,
        "design_readout_row_tiles": readout.row_tiles,
        "design_readout_column_tiles": readout.column_tiles,
        "design_timeout": design.crossbar.timeout,
        "design_stream_bits": design.formats.stream_bits,
        "design_integrates_twice": design.crossbar.integrators > 1,
        "design_reset_coefficient": design.cell.reset_coefficient,
        "design_update_coefficient": design.cell.update_coefficient,
    }
