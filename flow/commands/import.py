"""``remora import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remora.flow.report.console import JsonOption, check_results, write_json
from remora.flow.systems.options import ImportOptions
from remora.flow.systems.system_options import Chosen, design_command


@design_command("import", ImportOptions, before=("file",))
def command(
    chosen: Chosen,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The network: .safetensors, .onnx or .npz.", show_default=False)
    ],
    json: JsonOption = None,
) -> None:
    """Bring a network that another program trained: calibrate it on your data, and report layer by layer.

    FILE is a PyTorch state_dict as safetensors, an ONNX graph of one RNN with tanh and one Gemm, or a .npz file. The
    checkpoint is one as `remora train` writes it. A GRU, an LSTM, several layers and other activations are refused.

    It needs the extra import for safetensors and ONNX: pip install 'remora\\[import]'

    Examples: remora import network.safetensors mnist -o imported.npz · remora import network.onnx mine.toml --data
    own.npz --fine-tune 2 --json report.json
    """
    options = chosen.options
    check_results(options.output, json, beside=[file, chosen.config, *options.paths()])
    write_json(json, chosen.system.import_file(chosen.design, file, options))
