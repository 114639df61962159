"""Bring a network that another program trained, ask golden what it decides, and run it on the generated hardware."""

from pathlib import Path

import numpy as np

import remora

design = remora.load_design("tiny")
features, hidden, classes = design.network.features, design.network.hidden, design.network.classes

# Stands for what the other program saved. Row i holds what input or unit i sends: the transpose of PyTorch's matrices.
generator = np.random.default_rng(1)
arrays = {
    "input": generator.normal(0, 1, (features, hidden)),
    "recurrent": generator.normal(0, 0.3, (hidden, hidden)),
    "bias": np.zeros(hidden),
    "readout": generator.normal(0, 1, (hidden, classes)),
    "readout_bias": np.zeros(classes),
    "reset": 0.75,
    "update": 0.5,
}
network = remora.import_weights(design, arrays, {"from": "another program"})
brightness = np.array([4, 64, 160, 256]).reshape(4, 1, 1)
sequences = generator.integers(0, brightness, (4, 9, features)).astype(np.uint8)
print(f"classes of 4 sequences of 9 steps: {remora.infer(design, sequences, network).tolist()}")

remora.save_checkpoint("imported.npz", design, network)
simulated = remora.simulate(design, data="synthetic", limit=4, checkpoint=Path("imported.npz"))
simulated.check()
print(f"{simulated.result['values_compared']:,} values compared, {simulated.result['mismatches']} differ")
