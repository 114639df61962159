"""Behavioural models of the macros, and how benches with several tiles of them are built."""

from __future__ import annotations

from pathlib import Path

import remora.hdl

FOLDER = Path(remora.hdl.__file__).parent / "macros"
MEMORY = FOLDER / "remora_memory.sv"
MEMORY_WORDS = Path(__file__).with_name("memory_words.vlt")  # beside it: a bench may flip bits
IMAGE = FOLDER / "remora_image.sv"  # which the models of crossbar and cells read their images with
DEVICES = tuple(FOLDER / f"remora_{name}.sv" for name in ("reads", "devices", "chip_file"))  # of a crossbar, real ones
CROSSBAR = (FOLDER / "remora_crossbar.sv", IMAGE, *DEVICES)
DIGITAL_CROSSBAR = (*sorted((FOLDER / "fpga").glob("*.sv")), IMAGE)  # the crossbar of an FPGA
HELPERS = (IMAGE, *DEVICES)  # models that stand beside those of macros
BMRU_CORE = FOLDER / "remora_bmru_core.sv"
BISTABLE = (FOLDER / "remora_bistable.sv", IMAGE)
ARRAY = (*CROSSBAR, BISTABLE[0])  # a crossbar array with whatever stands at its bitlines
# Every tile is a module of its own, and unrolled loops over its devices double the time of the build.
CROSSBAR_OPTIONS = {"arguments": ("--unroll-count", "1")}
