"""Options that a person gave and that the command would not heed: refused, since what is ignored looks like done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from remora.spec.lib.errors import RemoraError

if TYPE_CHECKING:
    import typer


LARGEST_SEED = 2**32 - 1
"""Of every seed, on the command line, in a design point and in the environment."""

SEED_VARIABLE = "COCOTB_RANDOM_SEED"
"""Environment variable with the seed of simulations that are given none."""


def given_options(context: typer.Context, names: Iterable[str]) -> list[str]:
    """Of parameters by name, those on the command line, as options such as ``--replay-ratio``."""
    wanted = set(names)

    def given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    return [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name and parameter.name in wanted and given(parameter.name)
    ]


def refuse_given(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Refuse options that do not bear on what is asked for.

    Args:
        names: of the parameters of the command.
        why: they do not, in words.

    Raises:
        RemoraError: one of them is given.
    """
    if found := given_options(context, names):
        raise RemoraError(f"{', '.join(found)}: {why}; leave {'it' if len(found) == 1 else 'them'} out")
