"""What a command line may change of how a design point learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from remora.spec.lib.errors import RemoraError

TASK_CAPACITY = 1000
"""Sequences that the reservoir holds where tasks follow each other and neither design nor command says how many."""

TasksOption = Annotated[
    int | None,
    typer.Option(min=1, help="Learn so many tasks one after the other: pixel permutations of the training set."),
]
UpdateOption = Annotated[str | None, typer.Option(help="How devices are written: accumulate or direct.")]
CapacityOption = Annotated[
    int | None,
    typer.Option(
        min=0, help=f"Sequences that the reservoir holds; 0 is no replay. With --tasks {TASK_CAPACITY} by default."
    ),
]
RatioOption = Annotated[int | None, typer.Option(min=1, max=255, help="Sequences replayed after each new one.")]


@dataclass(frozen=True)
class LearningOptions:
    """As given; None where not. Every field but `tasks` is one of the design point's section ``learning``."""

    tasks: int | None = None
    update: str | None = None
    replay_capacity: int | None = None
    replay_ratio: int | None = None

    def require(self, learn: bool) -> None:
        """Refuse options of learning where nothing is learnt.

        Raises:
            RemoraError: an option is given, but ``learn`` is not.
        """
        given = [name for name, value in vars(self).items() if value is not None]
        if given and not learn:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise RemoraError(f"{names}: nothing is learnt; add --learn, or leave out what only learning heeds")

    def apply(self, config: str, **more):
        """The design point of ``config`` as the options change it; ``more`` are further changes of its learning.

        Raises:
            ConfigError: the result is no legal design point, or a ratio is given but nothing is replayed.
        """
        from remora.spec.presets import ConfigError, load_design

        design = load_design(config)
        given = {name: value for name, value in vars(self).items() if value is not None and name != "tasks"}
        if self.tasks and not design.learning.replay_capacity:
            given = {"replay_capacity": TASK_CAPACITY} | given
        if self.replay_ratio and not {**vars(design.learning), **given}["replay_capacity"]:
            raise ConfigError(
                f"learning.replay_ratio is {self.replay_ratio} but learning.replay_capacity is 0, so there is nothing "
                "to replay: add --replay-capacity, or leave --replay-ratio out"
            )
        changes = more | given
        if not changes:
            return design
        options = ", ".join(f"{name} = {value}" for name, value in changes.items())
        return design.evolve(origin=f"{config} with {options}", learning=changes)
