"""``remora presets``."""

from __future__ import annotations

from flow.console import JsonOption, console, table, write_json


def command(json: JsonOption = None) -> None:
    """List the named design points.

    Use a name wherever a command asks for a design point: [bold]remora config show tiny[/].
    """
    from spec.presets import load_design, preset_description, preset_names

    shown = table("preset", ">features", ">hidden", ">classes", ">steps", ">tiles", ">weights", "hash", "what for")
    result = []
    for name in preset_names():
        design = load_design(name)
        network, tiles = design.network, design.hidden_tiles + design.readout_tiles
        weights = design.macs_per_step + design.macs_per_readout
        sizes = {
            "features": network.features,
            "hidden": network.hidden,
            "classes": network.classes,
            "max_steps": network.max_steps,
        }
        result.append({"name": name, **sizes, "tiles": tiles, "weights": weights, "hash": design.hash})
        numbers = (f"{number:,}" for number in (*sizes.values(), tiles, weights))
        shown.add_row(f"[bold]{name}[/]", *numbers, design.hash, preset_description(name))
    console().print(shown)
    write_json(json, {"presets": result})
