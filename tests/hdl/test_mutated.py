"""Every component of the hardware is a block that ``remora mutate`` mutates, or is left out with a reason."""

from __future__ import annotations

import re

from amaranth.lib import wiring

from tests.hdl import mutated_blocks, mutated_wholes
from tests.hdl.test_ports import NOT_PLACED, classes


def name_of(cls: type) -> str:
    """As modules are named."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


def test_no_component_is_forgotten():
    modules = {block.module for block in mutated_blocks.BLOCKS.values()} | set(mutated_wholes.MODULES.values())
    blocks = mutated_blocks.BLOCKS.keys() | mutated_wholes.MODULES.keys()
    named = blocks | {re.sub(r"_(hidden|readout|\d+)$", "", module) for module in modules}
    components = {cls.__name__: name_of(cls) for cls in classes(wiring.Component) - NOT_PLACED}
    assert len(components) > 80
    forgotten = {cls for cls, name in components.items() if name not in named}
    assert forgotten == mutated_wholes.LEFT_OUT.keys()


def test_no_block_has_two_benches():
    assert not mutated_blocks.BLOCKS.keys() & mutated_wholes.MODULES.keys()
