"""``remora train``."""

from __future__ import annotations

from remora.flow.report.console import JsonOption, check_results, write_json
from remora.flow.systems.options import TrainOptions
from remora.flow.systems.system_options import Chosen, design_command


@design_command("train", TrainOptions)
def command(chosen: Chosen, json: JsonOption = None) -> None:
    """Train the network of a design point: golden learns as the chip would, or offline where the chip cannot learn.

    Examples: remora train mnist -o digits.npz --passes 15 · remora train mnist --tasks 2 --limit 1000 -o tasks.npz ·
    remora train mnist-bmru -o bistable.npz --passes 30 · remora train kws -o kws.npz --normalisation running
    """
    from remora.flow.systems.api import train

    options = chosen.options
    check_results(options.output, json, beside=[chosen.config, *options.paths()])
    write_json(json, train(chosen.design, **vars(options)))
