"""Named experiments, one module each.

A module has ``SUMMARY``, ``plan(options)``, the units of work, and ``conclude(options, results)``, which turns their
results into the experiment's own result and charts. `remora.flow.experiments.runner` does the rest, several seeds
included, unless the module has ``TAKES_SEEDS = True`` and does them itself. ``TAKES_SEQUENCES = True`` says that
``--sequences`` bears on it. To add one, write the module and give it a line in ``EXPERIMENTS``.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from remora.spec.lib.errors import RemoraError

EXPERIMENTS = {
    "ageing": "real_devices.ageing",
    "bit-streaming": "bit_streaming",
    "convergence": "convergence",
    "continual": "continual",
    "devices": "real_devices.devices",
    "endurance": "real_devices.endurance",
    "feedback": "real_devices.feedback",
    "keyword-spotting": "keyword_spotting",
    "noise-immunity": "noise_immunity",
    "power-scaling": "power_scaling",
    "requirements": "real_devices.requirements",
    "yield": "real_devices.stuck_devices",
}
"""Name → module."""


class ExperimentError(RemoraError):
    """An experiment cannot run; the message says why and what to do."""


def find_experiment(name: str) -> ModuleType:
    """The module of a named experiment.

    Raises:
        ExperimentError: there is none of that name.
    """
    if name not in EXPERIMENTS:
        raise ExperimentError(f"there is no experiment '{name}'; there are: {', '.join(EXPERIMENTS)}")
    return importlib.import_module(f"remora.flow.experiments.{EXPERIMENTS[name]}")
