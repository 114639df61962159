"""Measure wires with badcrossbar 1.1.0, for the tests beside this file; not run in continuous integration.

    env -u REMORA_DATA remora train mnist --data mnist --passes 3 -o build/digits.npz
    python3.11 -m venv build/badcrossbar
    build/badcrossbar/bin/pip install numpy==2.4.6 scipy==1.17.1 pathvalidate==3.3.1
    build/badcrossbar/bin/pip install --no-deps badcrossbar==1.1.0
    cd tests/golden/devices
    ../../../build/badcrossbar/bin/python make_badcrossbar.py ../../../build/digits.npz data/badcrossbar.json

badcrossbar solves Kirchhoff's laws of the whole tile. It asks for pycairo too, which pip builds with the headers of
cairo (libcairo2-dev). Only its plots need that: without it badcrossbar warns at import, and computes. The script needs
no file of this project but the checkpoint, and takes ten seconds.

A pair of bitlines has one device at rest, and the weight in the other. It writes

- the weights of the hidden layer, int8, compressed, and the words of `INPUTS` samples;
- of every case what flows out of the bitline of g⁺ less what flows out of that of g⁻, (samples, columns), in
  nanoamperes. Wordlines are driven at the side of the first column, bitlines end below the last row.
"""

from __future__ import annotations

import json
import logging
import sys
from base64 import b64encode
from importlib.metadata import version
from pathlib import Path
from zlib import compress

import badcrossbar
import numpy as np

SEED = 20221205
INPUTS = 4
LEVELS = 31
ON_OFF = 100
VOLTS = 0.2
"""On a wordline whose word is `WORD`."""
WORD = 255
CASES = (
    (10e-6, 1.0, 1.0), (10e-6, 2.5, 2.5), (10e-6, 0.0, 2.5), (10e-6, 2.5, 0.0), (10e-6, 1.0, 2.5), (10e-6, 2.5, 1.0),
    (33e-6, 1.0, 1.0), (33e-6, 1.5, 1.5), (33e-6, 2.5, 2.5), (100e-6, 0.5, 0.5), (100e-6, 1.0, 1.0),
    (100e-6, 2.5, 2.5),
)  # fmt: skip
"""Conductance of a full device in siemens; ohm of a segment of a wordline, of a bitline."""


def conductances(weights: np.ndarray, full: float) -> np.ndarray:
    """(rows, 2 · columns) siemens; bitline 2j is g⁺ and 2j + 1 is g⁻ of column j."""
    pair = np.stack([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=2).reshape(len(weights), -1)
    rest = full / ON_OFF
    return rest + (full - rest) * pair / LEVELS


def main() -> None:
    """Measure every case, and write the file that the command line names second."""
    logging.disable(logging.INFO)
    weights = np.load(sys.argv[1])["hidden"].astype(np.int8)
    words = np.random.default_rng(SEED).integers(-WORD, WORD + 1, (INPUTS, len(weights)))
    words[:, -1] = WORD  # the bias
    cases = []
    for full, row, column in CASES:
        solution = badcrossbar.compute(
            words.T * (VOLTS / WORD),
            1 / conductances(weights.astype(int), full),
            r_i_word_line=row,
            r_i_bit_line=column,
            node_voltages=False,
            all_currents=False,
        )
        currents = solution.currents.output
        nanoamperes = (currents[:, ::2] - currents[:, 1::2]) * 1e9
        assert np.isfinite(nanoamperes).all()
        rounded = [[float(f"{each:.6g}") for each in sample] for sample in nanoamperes]
        cases.append({"full_conductance": full, "wire_row": row, "wire_column": column, "nanoamperes": rounded})
    result = {
        "what": "wires of a tile, computed with badcrossbar by tests/golden/devices/make_badcrossbar.py",
        "command": "python make_badcrossbar.py digits.npz data/badcrossbar.json",
        "checkpoint": "remora train mnist --data mnist --passes 3 -o digits.npz",
        "versions": {name: version(name) for name in ("badcrossbar", "numpy", "scipy")}
        | {"python": sys.version.split()[0]},
        "seed": SEED,
        "on_off": ON_OFF,
        "volts": VOLTS,
        "shape": weights.shape,
        "weights": b64encode(compress(weights.tobytes(), 9)).decode(),
        "words": words.tolist(),
        "cases": cases,
    }
    text = json.dumps(result, separators=(",", ":")).replace('],"', '],\n"').replace("},{", "},\n{")
    Path(sys.argv[2]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
