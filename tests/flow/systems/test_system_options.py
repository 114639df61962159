"""Flags from the options of the systems: one mechanism adds them, explains them, refuses those of another system."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

import pytest
import typer

from remora.flow.systems import system_options
from remora.flow.systems.options import SimulateOptions, TrainOptions
from remora.flow.systems.registry import systems
from remora.flow.systems.system_options import command_flags
from remora.spec.lib.errors import RemoraError

COMMANDS = {"simulate": SimulateOptions, "train": TrainOptions}


@dataclass(frozen=True, kw_only=True)
class Same(SimulateOptions):
    """Of the same option as another system."""

    learn: Annotated[bool, typer.Option("--learn", help="Learns too.")] = False


@dataclass(frozen=True, kw_only=True)
class Other(SimulateOptions):
    """Of an option of the same name that is another."""

    learn: Annotated[int, typer.Option(help="How much.")] = 0


@pytest.fixture
def third(monkeypatch):
    """Adds a system whose options of `simulate` are of this class."""

    def add(kind: type[SimulateOptions]) -> None:
        class Third(type(systems()["crossbar"])):
            name, noun, plural, title = "third", "a third one", "third ones", "Third ones"

            def options(self, command: str):
                return kind if command == "simulate" else None

        found = {**systems(), "third": Third()}
        monkeypatch.setattr(system_options, "systems", lambda: found)

    return add


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_system_is_a_flag_that_knows_its_systems(command):
    flags = command_flags(command, COMMANDS[command])
    common = {field.name for field in fields(COMMANDS[command])}
    counted = 0
    for system in systems().values():
        for field in fields(system.options(command)):
            if field.name in ("origin", "given"):
                assert field.name not in flags
                continue
            counted += 1
            assert system in flags[field.name].systems and flags[field.name].default == field.default
            assert (flags[field.name].info.rich_help_panel is None) == (field.name in common)
    assert counted >= 12


def test_systems_share_an_option_that_is_the_same(third):
    third(Same)
    flag = command_flags("simulate", SimulateOptions)["learn"]
    assert [system.name for system in flag.systems] == ["crossbar", "third"]
    assert flag.info.rich_help_panel == "Crossbar accelerators, Third ones"
    assert flag.info.help.endswith("Of a third one: Learns too.")


def test_an_option_of_one_name_that_is_another_is_told(third):
    third(Other)
    with pytest.raises(RemoraError, match="option --learn of `remora simulate` is not the same for Third ones"):
        command_flags("simulate", SimulateOptions)


def test_making_flags_twice_says_the_same():
    """The options' own texts stay as they are."""
    first, second = (command_flags("simulate", SimulateOptions) for _ in range(2))
    assert {name: flag.info.help for name, flag in first.items()} == {n: f.info.help for n, f in second.items()}
