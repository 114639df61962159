"""``remora presets``."""

from __future__ import annotations

from remora.flow.report.console import JsonOption, console, table, write_json


def command(json: JsonOption = None) -> None:
    """List the named design points.

    Use a name wherever a command asks for a design point: [bold]remora config show tiny[/].
    """
    from remora.spec.bmru.design import AnalogDesign
    from remora.spec.crossbar.design import DesignPoint
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design, preset_names

    listed = [load_design(name, Design) for name in preset_names()]
    analog = [design for design in listed if isinstance(design, AnalogDesign)]
    crossbar = [design for design in listed if isinstance(design, DesignPoint)]
    entries = {
        **_show(
            "Crossbar accelerators",
            ("features", "hidden", "classes", "max_steps", "tiles", "weights"),
            {
                design: (
                    *(getattr(design.network, size) for size in ("features", "hidden", "classes", "max_steps")),
                    design.hidden_tiles + design.readout_tiles,
                    design.macs_per_step + design.macs_per_readout,
                )
                for design in crossbar
            },
        ),
        **_show(
            "Analog BMRU cores",
            ("features", "width", "blocks", "classes", "cells", "parameters"),
            {one: (*one.network.model_dump().values(), one.network.cells, one.network.parameters) for one in analog},
        ),
    }
    write_json(json, {"presets": [entries[design.name] for design in listed]})


def _show(title: str, columns: tuple[str, ...], rows: dict) -> dict[str, dict]:
    """Print the presets of one kind; returns their entries of the JSON file by name."""
    from remora.spec.presets import preset_description

    shown = table("preset", *(f">{column.replace('max_', '')}" for column in columns), "hash", "what for", title=title)
    entries = {}
    for design, numbers in rows.items():
        entries[design.name] = {
            "name": design.name,
            "core": design.CORE,
            **dict(zip(columns, numbers, strict=True)),
            "hash": design.hash,
        }
        words = (f"{number:,}" for number in numbers)
        shown.add_row(f"[bold]{design.name}[/]", *words, design.hash, preset_description(design.name))
    console().print(shown)
    return entries
