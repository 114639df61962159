"""``remora presets``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora.flow.report.console import JsonOption, console, table, write_json

if TYPE_CHECKING:
    from remora.flow.systems.system import System


def command(json: JsonOption = None) -> None:
    """List the named design points.

    Use a name wherever a command asks for a design point: [bold]remora config show tiny[/].
    """
    from remora.flow.systems.registry import systems
    from remora.spec.presets import preset_names

    entries: dict[str, dict] = {}
    for system in systems().values():
        entries |= _show(system)
    write_json(json, {"presets": [entries[name] for name in preset_names()]})


def _show(system: System) -> dict[str, dict]:
    """Print the presets of a system; returns their entries of the JSON file by name."""
    from remora.spec.presets import load_design, preset_description, preset_names

    designs = {name: load_design(name, system.design) for name in preset_names(system.design)}
    figures = {name: system.figures(design) for name, design in designs.items()}
    columns = next(iter(figures.values()), {})
    shown = table(
        "preset", *(f">{column.removeprefix('max_')}" for column in columns), "hash", "what for", title=system.title
    )
    entries = {}
    for name, design in designs.items():
        entries[name] = {"name": design.name, "core": system.name, **figures[name], "hash": design.hash}
        words = (f"{number:,}" for number in figures[name].values())
        shown.add_row(f"[bold]{design.name}[/]", *words, design.hash, preset_description(name))
    console().print(shown)
    return entries
