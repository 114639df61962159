"""``remora devices``: presets of real devices, and those of other simulators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json

app = typer.Typer(
    help="List and show presets of real devices, and make one of another simulator's.\n\n"
    "A design point names a preset in [bold]devices.model[/]; other fields of its section replace the preset's.",
    no_args_is_help=True,
)


@app.command("list")
def list_presets(json: JsonOption = None) -> None:
    """List the presets of devices."""
    from remora.spec.devices.presets import PRESET_LEVELS, preset_description, preset_names
    from remora.spec.devices.section import Devices
    from remora.spec.devices.suggestions import mean_step

    shown, entries = table("preset", ">step", ">pulse (ns)", "what it is", title="Devices"), []
    for name in preset_names():
        devices = Devices(model=name)
        step, length = mean_step(devices, PRESET_LEVELS - 1), devices.resolved()["pulse_ns"]
        shown.add_row(f"[bold]{name}[/]", f"{step:.3g}", f"{length:g}" if length else "", preset_description(name))
        entries.append({"name": name, "mean_step": step, "pulse_ns": length, "what": preset_description(name)})
    console().print(shown)
    console().print(f"step: mean of a pulse in levels, with crossbar.levels = {PRESET_LEVELS}")
    write_json(json, {"devices": entries})


@app.command()
def show(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="Name of a preset of devices.")],
    config: Annotated[
        str, typer.Option("--config", metavar="CONFIG", help="Design point that they are to serve.")
    ] = "mnist",
    json: JsonOption = None,
) -> None:
    """Show a preset with its sources, and what it asks of a design point.

    Example:

      remora devices show om-array --config mnist-learn
    """
    from remora.spec.crossbar.design import DesignPoint
    from remora.spec.devices.presets import IDEAL, preset_names, preset_text
    from remora.spec.devices.section import Devices
    from remora.spec.devices.suggestions import suggestion
    from remora.spec.lib.errors import MissingError
    from remora.spec.lib.validation import guess
    from remora.spec.presets import load_design

    check_results(json, beside=[config])
    if preset not in preset_names():
        legal = ", ".join(preset_names())
        more = "; ideal devices have no numbers" if preset == IDEAL else guess(preset, preset_names())
        raise MissingError(f"'{preset}' is no preset of devices: there are {legal}{more}")
    design, devices = load_design(config, DesignPoint), Devices(model=preset)
    print(preset_text(preset), end="")
    found = suggestion(design, devices)
    print(f"\n# What design point '{design.name}' does well to change for them:")
    print(f"# [learning]  accumulator_level = {found.accumulator_level}  # {found.mean_step:.3g} levels a pulse")
    print(f"# [crossbar]  pulse_cycles = {found.pulse_cycles}  # at {design.system.clock_mhz:g} MHz")
    asks = {"mean_step": found.mean_step, **found.changes["learning"], **found.changes["crossbar"]}
    write_json(json, {"name": preset, "fields": _plain(devices.resolved()), "config": design.name, "asks": asks})


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON of the parameters.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="TOML file to write; else it is printed.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    json: JsonOption = None,
) -> None:
    """Make the section \\[devices] of a design point of a device of aihwkit or CrossSim.

    FILE holds JSON: of aihwkit json.dumps(dataclasses.asdict(device)), of CrossSim json.dumps(params.as_dict()), of a
    whole core or of its device alone. What has no counterpart is said, and stands in the file as a comment.

    Example:

      remora devices convert device.json -o mine.toml
    """
    from rich.markup import escape

    from remora.spec.devices.convert import convert as converted
    from remora.spec.lib.errors import ConfigError
    from remora.spec.lib.files import write_text

    check_results(json, beside=[file])
    if output is not None and output.exists() and not force:
        raise ConfigError(f"{output} exists already; choose another name, or replace it with --force")
    found = converted(_content(file), str(file))
    text = _toml(found, file.name)
    if output is None:
        print(text, end="")
    else:
        write_text(output, text)
        console().print(f"{output} written: {len(found.fields)} fields, of {escape(found.source)}", soft_wrap=True)
    for line in found.left:
        console(stderr=True).print(f"left out: {line}", style="yellow", markup=False, soft_wrap=True)
    fields = _plain(found.fields)
    write_json(json, {"source": found.source, "fields": fields, "origins": dict(found.origins), "left": [*found.left]})


def _content(file: Path) -> object:
    """What a JSON file holds.

    Raises:
        ConfigError: it is missing, or no JSON.
    """
    from json import JSONDecodeError, loads

    from remora.spec.lib.errors import ConfigError, MissingError

    if not file.is_file():
        raise MissingError(f"{file} is no file: give the JSON of a device's parameters")
    try:
        return loads(file.read_text(encoding="utf-8-sig"))
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid JSON: {error}") from error


def _toml(found: Any, name: str) -> str:
    """A design point's section of these devices, checked as one."""
    from remora.spec.devices.presets import PRESET_LEVELS
    from remora.spec.devices.section import Devices
    from remora.spec.lib.validation import validated

    validated(Devices, found.fields, name)
    lines = [
        f"# Devices of {name} ({found.source}), steps in levels of crossbar.levels = {PRESET_LEVELS}",
        "[devices]",
        *(f"{field} = {_value(value)}  # {found.origins[field]}" for field, value in found.fields.items()),
        *(f"# Left out: {line}" for line in found.left),
    ]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(repr(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _plain(fields: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
