"""Every port of every component and of every interface has a line in a docstring, and no line is about nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest
from amaranth.lib import wiring

import remora.hdl
from docs.pages.ports import entry_of, members_of, port_lines
from remora.hdl.bmru.top import BmruRemora
from remora.hdl.cells.cell import Cell
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.hierarchy import Library
from remora.hdl.lib.memory_test.port import MemoryTestPort
from remora.hdl.lib.top import AxiTop
from remora.hdl.lib.verilog import Bench
from tests.golden.bmru.cases import make_bmru
from tests.hdl.designs import BISTABLE, ONE

LEARNING = {"enabled": True, "replay_capacity": 3}
TOPS = {
    "one": Remora(ONE.evolve(system={"test_pin": True, "memory_test": True})),
    "bistable": Remora(BISTABLE["bistable_one"]),
    "accumulate": Remora(ONE.evolve(learning=LEARNING, system={"parity": True, "small_memory_bits": 0})),
    "every_step": Remora(
        ONE.evolve(
            network={"readout": "every"},
            system={"contexts": 2},
            crossbar={"self_test": True, "calibrate_offsets": True, "bias": "digital"},
        )
    ),
    "bmru": BmruRemora(make_bmru(2, 3, 1, 2).evolve(system={"test_pin": True, "memory_test": True})),
    "verifies": Remora(
        ONE.evolve(crossbar={"verify_pulses": 1, "spare_columns": 1, "gain": True}, system={"count_codes": True})
    ),
    "verifies_learning": Remora(ONE.evolve(learning=LEARNING | {"verify_reads": 1})),
    "heals": Remora(ONE.evolve(learning=LEARNING | {"healing": True})),
    "direct": Remora(ONE.evolve(learning=LEARNING | {"update": "direct", "winners": 1, "compensation": True})),
}
"""Tops that place every component between them."""
NOT_PLACED = {Cell, AxiTop, Bench}
"""What others are made of, and the bench of the tests, whose ports are those of its components."""
FLAT = (MemoryTestPort(),)
"""Interfaces that a top has as flat ports, and no component as an interface."""


def classes(base: type) -> set[type]:
    """Those of hdl that are derived from ``base``."""
    modules = [importlib.import_module(each.name) for each in pkgutil.walk_packages(remora.hdl.__path__, "remora.hdl.")]
    found = {cls for module in modules for _, cls in inspect.getmembers(module, inspect.isclass)}
    return {cls for cls in found if issubclass(cls, base) and cls.__module__.startswith("remora.hdl.")}


@pytest.fixture(scope="module")
def elaborations() -> tuple[list[wiring.Component], dict[str, list[str]]]:
    """Every component that the tops place, the tops among them, and the two texts of each top that is made twice."""
    placed: list[wiring.Component] = []
    add = Library.add

    def note(library: Library, component: wiring.Component, name: str):
        placed.append(component)
        return add(library, component, name)

    texts: dict[str, list[str]] = {name: [] for name in TOPS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Library, "add", note)
        for name, top in (*TOPS.items(), *TOPS.items()):
            library = Library()
            library.add(top, "top")
            texts[name].append(library.rtlil)
    return placed, texts


def test_the_tops_place_every_component(elaborations):
    components, _ = elaborations
    assert {type(each) for each in components} == classes(wiring.Component) - NOT_PLACED


def test_every_port_has_a_line_and_every_line_a_port(elaborations):
    components, _ = elaborations
    seen: dict[type, set[str]] = {}
    missing, counted = set(), 0
    for owner in (*components, *FLAT):
        for holder, path, _ in members_of(owner):
            counted += 1
            entry = entry_of(port_lines(holder), path[-1])
            if entry is None:
                missing.add(f"{holder.__module__}.{holder.__name__}.{path[-1]}")
            seen.setdefault(holder, set()).add(entry)
    assert counted > 500
    assert not missing, f"describe each in the section Ports of its class: {', '.join(sorted(missing))}"
    assert seen.keys() >= classes(wiring.Signature)
    stale = {
        f"{holder.__name__}.{entry}" for holder, found in seen.items() for entry in port_lines(holder).keys() - found
    }
    assert not stale, f"no such port: {', '.join(sorted(stale))}"


@pytest.mark.parametrize("name", TOPS)
def test_a_second_elaboration_gives_the_same(elaborations, name):
    """The same component, with all that it places, is converted twice."""
    first, second = elaborations[1][name]
    assert first == second and len(first) > 50_000
