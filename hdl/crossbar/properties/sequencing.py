"""Proofs about what the sequencer is made of, and about the registers."""

from __future__ import annotations

from remora.hdl.crossbar.bit_streamer import BitStreamer
from remora.hdl.crossbar.contexts import Contexts
from remora.hdl.crossbar.integration import Integration
from remora.hdl.crossbar.properties.buffers import HERE, ONE
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.properties.streams import lite, lite_mutants
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width


def sequencing() -> list[Proof]:
    """All of them."""
    return [
        _registers(),
        _integration("one", 1),
        _streamer(),
        *(_contexts(contexts) for contexts in (3,)),
    ]


def _registers() -> Proof:
    return Proof(
        "registers",
        "AXI4-Lite of the register block: each request is answered once, under any back-pressure",
        lambda: RegisterBlock(ONE),
        {"lite": lite("bus_")},
        lite_mutants("bus_"),
        quick=True,
    )


def _integration(name: str, integrators: int) -> Proof:
    design = ONE.evolve(formats={"stream_bits": 4}, crossbar={"integrators": integrators, "adc_cycles": 2})
    tag = ("context_index", "step", "first", "last")
    joined = {end: f"{{{', '.join(f'{end}__{each}' for each in tag)}}}" for end in ("next", "sampled", "at_hand")}
    ports = {each: each for each in ("start", "ready", "drive", "integrate", "integrator", "plane", "sample", "legal")}
    ports |= {"tag": joined["next"], "sampled": joined["sampled"], "at_hand": joined["at_hand"]}
    parameters = {
        "PLANES": design.formats.stream_bits, "PLANE_BITS": unsigned_width(design.formats.stream_bits - 1),
        "INTEGRATORS": integrators, "PACE": design.cycles.pace,
        "TAG": unsigned_width(0) + unsigned_width(design.network.max_steps - 1) + 2,
    }  # fmt: skip
    late = "reg late = 0; always @(posedge clk) late <= good_{};"
    return Proof(
        f"integration-{name}",
        f"every step streams its planes once and in order, with {integrators} integrator(s) a bitline",
        lambda: Integration(design, Layer.HIDDEN),
        {"steps": Checker("integration_rules", ports, parameters, HERE)},
        {
            "steps.planes": Mutant("", {"plane": "good_plane ^ 2'd1"}),
            "steps.once": Mutant("", {"integrate": "good_integrate | late"}, late.format("integrate")),
            "steps.sampled_whole": Mutant("", {"sample": "good_sample | late"}, late.format("sample")),
            "steps.sides": Mutant("", {"integrator": "good_integrator ^ good_sample"}),
            "steps.pace": Mutant("", {"sample": "good_sample | late"}, late.format("sample")),
            "steps.in_order": Mutant("", {"sampled__first": "next__first"}),
            "steps.names": Mutant("", {"at_hand__last": "next__last"}),
            "steps.room": Mutant("", {"ready": "1'b1"}),
        },
        wires={"legal": 1},
        assumed={
            "legal": "legal",
            "stretch": "stretch__integrate == 0 && stretch__settle == 0 && convert_stretch == 0",
        },
        depth=40,
        quick=False,
    )


def _streamer() -> Proof:
    design = ONE.evolve(network={"features": 2, "hidden": 3}, crossbar={"rows": 6, "columns": 3})
    names = ("words", "wl_pos", "wl_neg")
    ports = {**{name: name for name in names}, **{n: f"control__{n}" for n in ("enable", "first", "plane")}}
    parameters = {"FEATURES": 2, "HIDDEN": 3, "BITS": 8, "PLANE_BITS": 3}
    return Proof(
        "bit-streamer",
        "wordlines carry the bits of their words, with the right weights and polarities",
        lambda: BitStreamer(design),
        {"streamer": Checker("streamer_rules", {**ports, "unit": "unit"}, parameters, HERE)},
        {
            "streamer.one_polarity": Mutant("", {"wl_neg": "good_wl_neg | good_wl_pos"}),
            "streamer.weight": Mutant("", {"control__plane": "control__plane ^ 3'd1"}),
            "streamer.bias": Mutant("", {"wl_pos": "good_wl_pos & {~control__first, 5'b11111}"}),
            "streamer.rest": Mutant("", {"control__enable": "1'b1"}),
        },
        constants={"unit": 4},
        assumed={"unit": "unit < 3"},
        quick=True,
    )


def _contexts(contexts: int) -> Proof:
    design = ONE.evolve(system={"contexts": contexts}, network={"max_steps": 2})
    ports = {
        "looked_at": "looked_at", "available": "arrived__available", "length": "arrived__length",
        "bank": "arrived__bank", "take": "arrived__take", "target": "target", "ready": "ready", "start": "start",
        "next_context": "next__context_index", "next_step": "next__step", "next_first": "next__first",
        "next_last": "next__last", "next_bank": "bank", "ended": "ended__valid",
        "ended_context": "ended__context_index", "ended_last": "ended__last", "concluded": "concluded",
        "freed": "freed", "leaving": "leaving", "leaving_bank": "leaving_bank", "legal": "legal",
    }  # fmt: skip
    index = unsigned_width(contexts - 1)
    parameters = {
        "CONTEXTS": contexts, "INDEX_BITS": index, "STEP_BITS": unsigned_width(1), "LENGTH_BITS": 2, "MOST_STEPS": 2,
        "BANK_BITS": unsigned_width(design.banks - 1), "BANKS": design.banks,
    }  # fmt: skip
    late = "reg late = 0; always @(posedge clk) late <= good_{};"
    return Proof(
        f"contexts-{contexts}",
        f"{contexts} context(s): every sequence runs its steps once each, in order, in a context of its own",
        lambda: Contexts(design),
        {"contexts": Checker("contexts_rules", ports, parameters, HERE)},
        {
            "contexts.free_one": Mutant("", {"freed": "freed | ended__valid"}),
            "contexts.taken_there": Mutant("", {"arrived__take": "run & good_free"}),
            "contexts.once": Mutant("", {"start": "good_start | late"}, late.format("start")),
            "contexts.in_order": Mutant("", {"next__step": "~good_next__step"}),
            "contexts.marked": Mutant("", {"next__last": "good_next__first"}),
            "contexts.own_bank": Mutant("", {"bank": "arrived__bank"}),
            "contexts.leaves": Mutant("", {"leaving_bank": "arrived__bank"}),
            "contexts.fair": Mutant("", {"next__context_index": f"{index}'d0"}) if contexts > 1
            else Mutant("", {"start": "ready"}),
        },
        constants={"looked_at": index},
        wires={"legal": 1},
        assumed={"legal": "legal", "looked_at": f"looked_at < {contexts}", "oldest": "oldest == 0"}
        if contexts == 1
        else {"legal": "legal", "looked_at": f"looked_at < {contexts}"},
        depth=30,
        quick=contexts == 3,
    )  # fmt: skip
