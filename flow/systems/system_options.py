"""Flags of a command from the options of the systems: the common ones, and a panel of help for what others add."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from remora.flow.systems.options import Options, refusal
from remora.flow.systems.registry import system_of, systems
from remora.flow.systems.system import System
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.extras import require_extra
from remora.spec.lib.section import Design

HELP = "Name of a preset, or a TOML file."


@dataclass(frozen=True)
class Chosen:
    """What a command line names: a design point as it was given and as it was read, its system, and its options."""

    config: str
    design: Design
    system: System
    options: Any


@dataclass
class Flag:
    """An option of one or of several systems."""

    name: str
    kind: Any
    default: Any
    info: OptionInfo
    systems: list[System]


def design_command(
    name: str,
    common: type[Options],
    *,
    config: str | None = None,
    extra: str | None = None,
    before: tuple[str, ...] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function that takes a `Chosen` and parameters of its own.

    Its flags are those of ``common``, those that systems add for the command ``name``, and those of the function. An
    option of another system than the design point's is refused, and so is a design point of a system without the
    command.

    Args:
        config: design point where the command line names none; None where it must.
        extra: what must be installed to run it.
        before: parameters of the function that stand before the design point in the command line.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        flags = command_flags(name, common)

        def command(context: typer.Context, config: str, **values: Any) -> None:
            if extra:
                require_extra(f"remora {name}", extra)
            from remora.spec.presets import load_design

            design = load_design(config, Design)
            given = frozenset(flag for flag in flags if _is_given(context, flag))
            taken = {flag: values.pop(flag) for flag in flags}
            options = chosen_options(name, flags, config, design, taken, given)
            function(Chosen(config, design, system_of(design), options), **values)

        passed = inspect.Parameter.POSITIONAL_OR_KEYWORD
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        parameters = [
            inspect.Parameter("context", passed, annotation=typer.Context),
            inspect.Parameter(
                "config",
                passed,
                annotation=Annotated[str, typer.Argument(metavar="CONFIG", help=HELP)],
                default=inspect.Parameter.empty if config is None else config,
            ),
            *(
                inspect.Parameter(flag.name, passed, annotation=Annotated[flag.kind, flag.info], default=flag.default)
                for flag in flags.values()
            ),
            *own,
        ]
        # Those without a default come first; of them the ones that stand before the design point.
        parameters.sort(key=lambda each: (each.default is not inspect.Parameter.empty, each.name not in before))
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        command.__doc__ = _help(name, common, inspect.getdoc(function) or "")
        return command

    return decorate


def chosen_options(
    command: str, flags: dict[str, Flag], config: str, design: Design, values: dict[str, Any], given: frozenset[str]
) -> Options:
    """The options of a design point's system.

    Raises:
        RemoraError: its system lacks the command, or an option is given that only others have.
    """
    system = system_of(design)
    kind = system.options(command)
    if kind is None:
        others = _plurals([other for other in systems().values() if other.options(command)])
        raise RemoraError(f"'{config}' is {system.noun}, which has no `remora {command}`; {others} have it")
    if foreign := [name for name in flags if name in given and system not in flags[name].systems]:
        others = _plurals(
            [other for other in systems().values() if any(other in flags[one].systems for one in foreign)]
        )
        raise refusal(foreign, f"'{config}' is {system.noun}, and only {others} take this")
    known = {field.name for field in fields(kind)}
    own = {name: value for name, value in values.items() if name in known}
    return kind(origin=config, given=given, **own)


def command_flags(command: str, common: type[Options]) -> dict[str, Flag]:
    """The flags of a command by name: the common ones in their order, then those that systems add.

    Raises:
        RemoraError: two systems have an option of one name that is not the same.
    """
    flags = {flag.name: flag for flag in _flags_of(common)}
    meant = {name: flag.info.help for name, flag in flags.items()}
    for system in systems().values():
        for flag in _flags_of(system.options(command)):
            known = flags.setdefault(flag.name, flag)
            if (known.kind, known.default) != (flag.kind, flag.default):
                raise RemoraError(
                    f"option --{flag.name.replace('_', '-')} of `remora {command}` is not the same for {system.title} "
                    "as for others: give it another name, or the same type and default"
                )
            known.systems.append(system)
            if flag.info.help != meant.setdefault(flag.name, flag.info.help):
                known.info = copy(known.info)
                known.info.help = f"{known.info.help} Of {system.noun}: {flag.info.help}"
    shared = {field.name for field in fields(common)}
    for flag in flags.values():
        if flag.name not in shared:
            flag.info = copy(flag.info)
            flag.info.rich_help_panel = ", ".join(system.title for system in flag.systems)
    return flags


def _flags_of(kind: type[Options] | None) -> list[Flag]:
    if kind is None:
        return []
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):
        value, *more = get_args(hints[field.name]) or (None,)
        infos = [info for info in more if isinstance(info, OptionInfo)]
        if infos:
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            found.append(Flag(field.name, value, default, infos[0], []))
    return found


def _help(command: str, common: type[Options], text: str) -> str:
    """The common help, what each system has to say, and the examples, which begin the last paragraph."""
    said = [
        inspect.getdoc(kind) or ""
        for system in systems().values()
        if (kind := system.options(command)) not in (None, common)
    ]
    before, example, after = text.partition("\n\nExample")
    return "\n\n".join([before, *said]) + example + after


def _plurals(found: list[System]) -> str:
    return " and ".join(system.plural for system in found)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
