"""Where the steps and readouts of several contexts are: each in one place of the sequencer.

PDR does not find that by itself, and without it not that a layer is at rest once no context is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remora.hdl.crossbar.properties.core import HERE
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width

_IN_FLIGHT = {
    "used": ("contexts.used", 0), "waiting": ("contexts.waiting", 0), "in_readout": ("contexts.in_readout", 0),
    "streams": ("integration.drive", 1), "streamed": ("integration.at_hand__context_index", -1),
    "sums_wait": ("integration.waiting", 1), "summed": ("integration.sampled__context_index", -1),
    "held": ("conversion.held__context_index", -1), "begun": ("conversion.begun", 1),
    "beginning": ("conversion.beginning__context_index", -1), "converts": ("folds.$signal$25", 1),
    "converted": ("conversion.converted__context_index", -1), "conversion_awaited": ("integration.converting", 1),
    "left": ("integration.left", 9), "due": ("readout_control.$signal$26", 0),
    "reading": ("readout_control.fsm_state", 2), "read_waits": ("readout_control.integration.waiting", 1),
}  # fmt: skip
"""Registers of the sequencer and their widths: 0 of every context, -1 of the number of one. Two have no name of their
own; another in their place would break a rule."""


def flight(design: DesignPoint, given: bool) -> Checker:
    """Where the steps of all contexts are, by signals in the sequencer."""
    contexts = design.system.contexts
    seen = ("used", "waiting", "in_readout", "streams", "streamed", "summed", "held", "begun", "beginning", "converts",
            "converted", "left", "due")  # fmt: skip
    ports = {name: name for name in seen} | {
        "full": "sums_wait || hidden__sample", "sample": "hidden__sample", "convert": "hidden__convert",
        "awaited": "conversion_awaited", "valid": "hidden__valid", "stretched": "stretch__convert != 0",
        "issue": f"cell__issue && cell__fold == {design.folds - 1}", "issued": "cell__context_index",
        "state": "reading", "read_out": "context_index", "read_streams": "readout__drive",
        "read_full": "read_waits || readout__sample", "read_sample": "readout__sample",
        "read_convert": "readout__convert", "read_valid": "readout__valid", "kept": "placed" if given else "",
    }  # fmt: skip
    parameters = {
        "CONTEXTS": contexts, "INDEX_BITS": unsigned_width(contexts - 1), "ADC_CYCLES": design.crossbar.adc_cycles,
        "PACE": design.cycles.pace, "LEFT_BITS": _IN_FLIGHT["left"][1], "GIVEN": int(given),
    }  # fmt: skip
    return Checker("flight_rules", ports, parameters, HERE)


def inside(design: DesignPoint) -> dict[str, tuple[str, int]]:
    """The signals that `flight` sees in the sequencer: name → path and width."""
    contexts = design.system.contexts
    widths = {0: contexts, -1: unsigned_width(contexts - 1)}
    return {name: (path, widths.get(width, width)) for name, (path, width) in _IN_FLIGHT.items()}


def placed(name: str, design: DesignPoint, sequencer: Proof) -> Proof:
    """What `flight` says, given what the proof of the sequencer is given."""
    layers = {layer: sequencer.checkers[layer] for layer in ("hidden", "readout")}
    checkers = {each: replace(of, parameters={**of.parameters, "GIVEN": 1}) for each, of in layers.items()}
    checkers |= {each: sequencer.checkers[each] for each in ("given", "given_stretch")}
    return replace(
        sequencer,
        name=f"flight-{name}",
        subject=f"{name}: the step or the readout of every context in use is in one place",
        checkers={**checkers, "flight": flight(design, False)},
        mutants={
            "flight.one_place": Mutant("", pins={"contexts.freed": "1'b1"}),
            "flight.in_step": Mutant("", pins={"folds.begun": "1'b0"}),
            "flight.paced": Mutant("", {"hidden__sample": "good_hidden__sample | hidden__valid"}),
            "flight.alone": Mutant("", pins={"integration.convert_stretch": "8'd0"}),
            "flight.readout": Mutant("", pins={"readout_control.strobes__valid": "1'b1"}),
        },
        wires=_without(sequencer.wires, "placed"),
        assumed=_without(sequencer.assumed, "flight"),
        relies=_without(sequencer.relies, "flight"),
        earlier=tuple(each for each in sequencer.earlier if each != "flight"),
    )


def _without(named: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: what for each, what in named.items() if each != name}
