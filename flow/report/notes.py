"""Notes on fields that change no hardware, and remarks: every command that takes a design point prints them alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.configuration import describe_fields
from remora.flow.report.console import console
from remora.spec.lib.section import Design

if TYPE_CHECKING:
    from remora.golden.learning.checkpoint import Checkpoint


def notes(design: Design) -> list[str]:
    """A line for each field that differs from its default and changes nothing beside the values of others, and the
    design point's own remarks."""
    why = design.unheeded()
    idle = [
        f"{field.path} = {field.value} changes no hardware: {why[field.path]}"
        for field in describe_fields(design)
        if field.path in why and field.value != field.default
    ]
    return idle + design.remarks()


def say_moved(path: Path, network: Checkpoint, *more: str) -> None:
    """Print what a checkpoint says of its way to this design point: why answers may differ, and what is left behind.

    Args:
        more: further sentences.
    """
    for sentence in (*network.remarks, *network.left_behind, *more):
        console().print(f"{path}: {sentence}", style="yellow", markup=False, soft_wrap=True)


def say_replaced(path: Path) -> None:
    """Say that a training begins anew where another one could have been meant to go on."""
    console().print(f"{path} holds another training, on other data or of other length: this one replaces it")


def say_notes(design: Design) -> None:
    """Print them on standard error."""
    for note in notes(design):
        console(stderr=True).print(f"note: {note}", style="yellow", markup=False, soft_wrap=True)
