"""The parameters of a BMRU network: what is legal, and their file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.lib.bmru_network import Block, BmruNetwork, NetworkError, load_network, save_network
from tests.golden.lib.bmru_networks import random_network


def test_the_published_size_has_170_parameters():
    network = random_network(13, 4)
    assert network.parameters == 170 and (network.features, network.width, network.classes) == (13, 4, 2)


@pytest.mark.parametrize("sizes", [(13, 4, 2, 2), (1, 1, 1, 1), (5, 7, 3, 4)])
def test_a_file_gives_back_the_network(sizes, tmp_path):
    network = replace(random_network(*sizes), metadata={"seed": 3})
    save_network(tmp_path / "net.npz", network)
    found = load_network(tmp_path / "net.npz")
    assert found.metadata == {"seed": 3} and found.arrays().keys() == network.arrays().keys()
    for name, array in network.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)


@pytest.mark.parametrize(
    ("name", "index", "value", "message"),
    [
        ("blocks.0.low", 1, -0.1, "cell 1 of block 0 has low -0.1"),
        ("blocks.1.high", 2, 0.0, "cell 2 of block 1"),
        ("blocks.1.level", 0, -1.0, "level -1; legal is"),
        ("input.weight", (0, 0), np.nan, "input.weight must be finite"),
    ],
)
def test_illegal_values_are_named(name, index, value, message):
    arrays = random_network(3, 4, seed=1).arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][index] = value
    with pytest.raises(NetworkError, match=message):
        BmruNetwork.from_arrays(arrays)


def test_shapes_must_fit():
    network = random_network(3, 4)
    with pytest.raises(NetworkError, match="output.weight has shape"):
        replace(network, output=replace(network.output, weight=np.zeros((2, 5))))
    with pytest.raises(NetworkError, match="at least one block"):
        replace(network, blocks=())
    block: Block = network.blocks[0]
    with pytest.raises(NetworkError, match="blocks.0.low has shape"):
        replace(network, blocks=(replace(block, low=np.zeros(3)), network.blocks[1]))


def test_files_that_are_none_are_one_clear_error(tmp_path):
    with pytest.raises(NetworkError, match="does not exist; give a file that `remora train"):
        load_network(tmp_path / "none.npz")
    path = tmp_path / "net.npz"
    save_network(path, random_network(3, 4))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(NetworkError, match="is no BMRU network"):
        load_network(path)
    path.write_text("no archive at all", encoding="utf-8")
    with pytest.raises(NetworkError, match="is no BMRU network: truncated or not a .npz file; give") as caught:
        load_network(path)
    assert "pickle" not in str(caught.value) and f"-o {path}" not in str(caught.value)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(NetworkError, match="it has no format, metadata; give a file"):
        load_network(path)
    np.savez(path, x=np.array([None]))
    with pytest.raises(NetworkError, match="holds Python objects; give"):
        load_network(path)
    arrays = random_network(3, 4).arrays()
    np.savez(path, format="remora-bmru-0", metadata="{}", **arrays)
    with pytest.raises(NetworkError, match="has format 'remora-bmru-0'"):
        load_network(path)
    del arrays["blocks.1.low"]
    np.savez(path, format="remora-bmru-1", metadata="{}", **arrays)
    with pytest.raises(NetworkError, match="differ in: blocks.1.low"):
        load_network(path)
    with pytest.raises(NetworkError, match="cannot be written"):
        save_network(path / "net.npz", random_network(3, 4))
