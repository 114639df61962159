"""``remora config``: show, check and start design points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json

app = typer.Typer(
    help="Show, check or start a design point.\n\n"
    "A design point is a preset's name (see [bold]remora presets[/]) or a TOML file.",
    no_args_is_help=True,
)

DesignArgument = Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a preset, or path of a TOML file.")]


@app.command()
def show(
    config: DesignArgument,
    toml: Annotated[bool, typer.Option("--toml", help="Print the whole design point as TOML instead.")] = False,
    json: JsonOption = None,
) -> None:
    """Show every field with its value, default, range and meaning, and what follows from them.

    Examples:

      remora config show mnist

      remora config show mnist --toml > mine.toml
    """
    from rich.markup import escape

    from remora.flow.report.configuration import derived_quantities, describe_fields, to_toml
    from remora.flow.report.notes import say_notes
    from remora.spec.lib.section import Design
    from remora.spec.presets import load_design

    check_results(json, beside=[config])
    design = load_design(config, Design)
    fields, derived = describe_fields(design), derived_quantities(design)
    if toml:
        print(to_toml(design), end="")
    else:
        shown = table("field", ">value", ">default", "legal", "meaning", title=f"Design point '{design.name}'")
        for field in fields:
            changed = field.default is not None and field.value != field.default
            value = f"[bold yellow]{field.value}[/]" if changed else escape(str(field.value))
            shown.add_row(
                field.path,
                value,
                "" if field.default is None else str(field.default),
                escape(field.legal),
                escape(field.meaning),
            )
        console().print(shown)
        shown = table("follows", ">value", "meaning", title="What follows from it")
        for name, value, meaning in derived:
            shown.add_row(name, str(value), escape(meaning))
        console().print(shown)
        say_notes(design)
    values = {field.path: field.value for field in fields}
    write_json(json, {"name": design.name, "fields": values, "derived": {name: value for name, value, _ in derived}})


@app.command()
def check(
    configs: Annotated[list[str], typer.Argument(metavar="CONFIG...", help="Presets or TOML files.")],
    json: JsonOption = None,
) -> None:
    """Check design points, all of them; exits with 1 where one is refused, with 2 where one is missing.

    Says every fault of each, what a misspelt word could mean, and which values change no hardware.

    Example:

      remora config check mine.toml
    """
    from rich.markup import escape

    from remora.flow.report.notes import notes
    from remora.spec.lib.section import Design
    from remora.spec.presets import ConfigError, MissingError, load_design

    check_results(json, beside=configs)
    verdicts, code = [], 0
    for config in configs:
        try:
            design = load_design(config, Design)
        except ConfigError as error:
            missing = isinstance(error, MissingError)
            code = 2 if missing else max(code, 1)
            word = "missing" if missing else "refused"
            console(stderr=missing).print(f"[bold red]{word}[/]  {escape(str(error))}", soft_wrap=True)
            verdicts.append({"config": config, "valid": False, "error": str(error)})
        else:
            said = notes(design)
            console().print(
                f"[bold green]valid[/]    {escape(config)}: design point '{design.name}', hash {design.hash}"
                + "".join(f"\n         note: {escape(note)}" for note in said),
                soft_wrap=True,
            )
            verdicts.append({"config": config, "valid": True, "hash": design.hash, "notes": said})
    write_json(json, {"configs": verdicts})
    if code:
        raise typer.Exit(code)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file to write.")],
    preset: Annotated[str, typer.Option("--from", metavar="CONFIG", help="Design point to start from.")] = "mnist",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Start a design point of your own: a TOML file with every field, its range and its meaning.

    Example:

      remora config init mine.toml --from tiny
    """
    from remora.flow.report.configuration import to_commented_toml
    from remora.spec.lib.files import write_text
    from remora.spec.lib.section import Design
    from remora.spec.presets import ConfigError, load_design, name_from

    text = to_commented_toml(load_design(preset, Design), name_from(path))
    if path.exists() and not force:
        raise ConfigError(f"{path} exists already; choose another name, or replace it with --force")
    write_text(path, text)
    print(f"{path} written, from '{preset}'. Edit it, then: remora config check {path}")
