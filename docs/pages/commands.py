"""Commands of `remora` with their arguments and options, as typer has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from docs.pages.tables import table
from remora.flow.cli import COMMANDS, make_app


def commands() -> str:
    """A section for every command: how it is called, its help, its arguments and options."""
    parts = [table(("command", "what it does"), [(_link(name), summary) for name, summary in COMMANDS.items()])]
    for name in COMMANDS:
        root = typer.main.get_command(make_app([name]))
        parts += _sections(f"remora {name}", root.commands[name])
    return "\n\n".join(parts)


def _link(name: str) -> str:
    return f"[`remora {name}`](#remora-{name})"


def _sections(path: str, command: Any) -> Iterator[str]:
    children = getattr(command, "commands", {})
    words = [path] if children else [path, *(_usage(each) for each in command.params)]
    yield f"## `{path}`" if path.count(" ") == 1 else f"### `{path}`"
    yield _plain(command.help or "")
    if not children:
        yield f"```text\n{' '.join(words)}\n```"
    if command.params:
        yield table(("argument or option", "values", "default", "meaning"), map(_row, command.params))
    for name, child in children.items():
        yield from _sections(f"{path} {name}", child)


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return name if parameter.required else f"[{name}]"
    value = "" if parameter.is_flag else f" {_value(parameter)}"
    return f"[{parameter.opts[0]}{value}]"


def _value(parameter: Any) -> str:
    return parameter.metavar or parameter.name.replace("_", "-").upper()


def _row(parameter: Any) -> tuple[str, str, str, str]:
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        names = [_value(parameter)]
    default = "required" if parameter.required else ""
    if parameter.default not in (None, False, ()) and not parameter.required:
        default = f"`{parameter.default}`"
    words = _plain(parameter.help or "")
    if parameter.envvar:
        words += f" The environment variable `{parameter.envvar}` gives it too."
    return ", ".join(f"`{name}`" for name in names), _values(parameter), default, words


def _values(parameter: Any) -> str:
    if parameter.is_flag if parameter.param_type_name == "option" else False:
        return "flag"
    choices = getattr(parameter, "choices", None)
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    low, high = (getattr(parameter, bound, None) for bound in ("min", "max"))
    if low is not None and high is not None:
        return f"{low} … {high}"
    if low is not None:
        return f"≥ {low}"
    return f"≤ {high}" if high is not None else ""


def _plain(text: str) -> str:
    """Help without rich's marks; lines of a paragraph are joined, and commands stand in code."""
    text = re.sub(r"\[bold\](.*?)\[/\]", r"`\1`", text)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return "\n\n".join(re.sub(r"^(remora .*)$", r"    \1", part) for part in paragraphs)
