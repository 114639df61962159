"""Train as the chip would learn, read the network back, and ask golden, which decides as the hardware does."""

from pathlib import Path

import numpy as np

import remora

design = remora.load_design("tiny")
result = remora.train(design, data="synthetic", passes=2, limit=200, output=Path("tiny.npz"), fresh=True)
print(f"accuracy after {len(result['passes'])} passes: {result['passes'][-1]['test_accuracy']:.1%}")

network = remora.load_checkpoint("tiny.npz", design)
sequences = np.random.default_rng(1).integers(0, 256, (4, 9, 5)).astype(np.uint8)
print(f"classes of 4 sequences of 9 steps: {remora.infer(design, sequences, network).tolist()}")
