"""A proof: hardware, the rules that are bound to it, and for every rule a mutant that breaks it.

Rules are checkers in SystemVerilog. They stand in the folder ``properties`` beside the blocks that they speak of. Those
of a macro are in ``hdl/macros/properties/<macro>_formal.sv``, which replaces the macro. A rule is an assertion with
a label, such as ``stable``. Beside it stands a cover, ``reached_stable``: the situation that the rule speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.lib import wiring

REACHED = "reached_"
"""Begins the label of the cover of a rule."""
LIB = Path(__file__).parent
"""Folder of the checkers that every system uses."""


@dataclass(frozen=True)
class Checker:
    """An instance of a checker.

    Attributes:
        module: its name, and that of its file ``<module>.sv``.
        ports: port → what it sees: a Verilog expression of ports of the hardware, of ``inside`` and of ``outside`` of
            the proof. Clock and reset are ``clk`` and ``rst``, which every checker has.
        parameters: by name.
        folder: of its file.
    """

    module: str
    ports: Mapping[str, str]
    parameters: Mapping[str, int] = field(default_factory=dict)
    folder: Path = LIB


@dataclass(frozen=True)
class Mutant:
    """A mistake in the hardware: ports of a block, or pins of what it places, carry something else.

    Attributes:
        module: name of the block's Verilog module, without the ``remora_`` of every block; empty for the top.
        ports: port → Verilog expression of what it carries. An expression sees every input by its name, as the block is
            given it, and every output as ``good_<name>``, as the sound block drives it.
        helper: declarations and processes that the expressions of ports need.
        pins: ``<instance>.<pin>`` of an instance in the block → Verilog expression of what reaches that input, in which
            ``%`` is what reaches it in the sound block.
    """

    module: str
    ports: Mapping[str, str] = field(default_factory=dict)
    helper: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """A rule that is checked up to a depth where no proof is found.

    Attributes:
        depth: cycles from the start, at least 20 more than its cover takes.
        why: what keeps the engine from a proof.
    """

    depth: int
    why: str


@dataclass(frozen=True)
class Proof:
    """Hardware and all rules that are bound to it.

    Attributes:
        name: such as ``answer``; unique.
        subject: what is proven, one line.
        top: makes the hardware.
        checkers: name → checker; a rule is called ``<checker>.<label>``.
        mutants: rule → its mutant. Every rule of a checker has one; of rules of macros, at least one place of each.
        macros: modules that the hardware places and nobody generates; each has rules of its own.
        contracts: those of them whose rules are proven; the others only take their macro's place.
        cut: blocks whose outputs may be anything, by the names of their Verilog modules without ``remora_``: what is
            proven holds whatever they do, and the proof need not look into them. Covers are reached with them in place.
        inside: name → path of a signal in the hardware and its width, for the checkers to see.
        outside: name → width of an input that may be anything in every cycle.
        constants: likewise, but the same in every cycle.
        wires: name → width of what a checker drives, for ``assumed``.
        assumed: name → Verilog expression that holds in every cycle.
        relies: name of an assumption → the proof that proves it of the block that is meant, which is made as well.
        earlier: assumptions that are given of all cycles before alone. So two blocks may rely on each other: what one
            does in a cycle follows from what the other has done before.
        bounded: rule → how deep it is checked.
        depth: cycles in which every cover is reached.
        pinned: the hardware is reset by the pin ``aresetn``, in place of ``rst``.
        quick: part of the proofs that every run of continuous integration makes.
        timeout: seconds after which what is not proven counts as open.
    """

    name: str
    subject: str
    top: Callable[[], wiring.Component]
    checkers: Mapping[str, Checker] = field(default_factory=dict)
    mutants: Mapping[str, Mutant] = field(default_factory=dict)
    macros: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    inside: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)
    wires: Mapping[str, int] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)
    relies: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[str, ...] = ()
    bounded: Mapping[str, Bound] = field(default_factory=dict)
    depth: int = 20
    pinned: bool = False
    quick: bool = False
    timeout: int = 300
