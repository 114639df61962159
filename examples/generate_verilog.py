"""Start from a preset, change some fields, and write all files that synthesis and simulation need."""

from pathlib import Path

import remora

design = remora.load_design("tiny").evolve(name="wide", network={"features": 12}, learning={"enabled": True})
generated = remora.generate(design, Path("out"), force=True)
print(f"{design.name} ({design.hash}): {generated.netlist}")
print(f"{len(generated.sidecar['registers'])} registers, {len(generated.sidecar['tiles'])} crossbar tiles")
