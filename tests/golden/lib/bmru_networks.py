"""Random BMRU networks whose cells move."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from remora.golden.lib.bmru_network import Block, BmruNetwork, Linear


def random_network(features: int, width: int, blocks: int = 2, classes: int = 2, seed: int = 0) -> BmruNetwork:
    """Normal weights, thresholds where candidates cross them often."""
    generator = np.random.default_rng(seed)

    def layer(outputs: int, inputs: int) -> Linear:
        return Linear(generator.normal(size=(outputs, inputs)) / np.sqrt(inputs), generator.normal(size=outputs) * 0.3)

    def block() -> Block:
        low = generator.uniform(0, 0.3, width)
        high = low + generator.uniform(0, 0.5, width)
        return Block(layer(width, width), low, high, generator.uniform(0.2, 1.4, width), layer(width, width))

    return BmruNetwork(layer(width, features), tuple(block() for _ in range(blocks)), layer(classes, width))


@st.composite
def networks(draw) -> BmruNetwork:
    """Networks of any small size, one and odd widths too."""
    sizes = (draw(st.integers(1, high)) for high in (5, 7, 3, 4))
    return random_network(*sizes, seed=draw(st.integers(0, 2**32 - 1)))
