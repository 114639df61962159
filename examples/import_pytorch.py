"""Train a MiRU in PyTorch, import it, and run it on the generated hardware."""

import sys
from pathlib import Path

import remora
from remora.golden.data.load import load

try:
    import torch
    from safetensors.torch import save_file
except ImportError:
    sys.exit("this example needs PyTorch: pip install 'remora[import,torch]'")

BETA, LAMBDA = 0.75, 0.5


class MiRU(torch.nn.Module):
    """A Minion Recurrent Unit whose arrays have the names that `remora import` knows."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        cell = torch.nn.RNNCell(features, hidden)
        self.weight_ih, self.weight_hh, self.bias = cell.weight_ih, cell.weight_hh, cell.bias_ih
        self.register_buffer("beta", torch.tensor(BETA))
        self.register_buffer("lambda", torch.tensor(LAMBDA))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x.new_zeros(len(x), len(self.weight_hh))
        for step in x.unbind(1):
            candidate = torch.tanh(step @ self.weight_ih.T + (BETA * state) @ self.weight_hh.T + self.bias)
            state = LAMBDA * state + (1 - LAMBDA) * candidate
        return state


design = remora.load_design("tiny")
network = design.network
training, _ = load(design, "synthetic")
torch.manual_seed(1)
model = torch.nn.Sequential()
model.add_module("cell", MiRU(network.features, network.hidden))
model.add_module("readout", torch.nn.Linear(network.hidden, network.classes))
optimiser = torch.optim.Adam(model.parameters(), 0.01)
# A feature of the chip is a byte, and stands for a 256th.
x, y = torch.tensor(training.x).float() / 256, torch.tensor(training.y)
for _ in range(10):
    for chosen in torch.randperm(len(x)).split(32):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimiser.step()
save_file(model.state_dict(), "network.safetensors")

found = remora.import_file(design, "network.safetensors", output="imported.npz", data="synthetic")
print(f"decides as the float network: {found['agreement']:.1%}")
simulated = remora.simulate(design, data="synthetic", limit=4, checkpoint=Path("imported.npz"))
simulated.check()
print(f"{simulated.result['values_compared']:,} values compared, {simulated.result['mismatches']} differ")
