"""The ADC interface: columns handed out in groups, the codes of the row tiles added and saturated."""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.tb.blocks.crossbar.crossbar_driver import expected_group
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed

ROUNDS = 60


@block_test
async def groups_of_columns(bench: BlockBench) -> None:
    """Every group of every size, with random codes and such at full scale."""
    saturated_sums = 0

    async def drive(block: Block) -> None:
        nonlocal saturated_sums
        design, lanes = block.design, block.parameters["lanes"]
        layout, bits, limit = (
            layer_layout(design, Layer(block.parameters["layer"])),
            design.formats.adc_bits,
            design.formats.adc_limit,
        )
        for _ in range(ROUNDS):
            flat = some_integers(bench.random, -limit, limit, layout.row_tiles * layout.columns)
            if bench.chance(0.2):
                # A bit short of full scale.
                flat = [bench.random.choice((-1, 1)) * (limit - (1 << bench.random.randrange(bits - 1))) for _ in flat]
            block.put(codes=pack(flat, bits))
            for fold in range(-(-layout.columns // lanes)):
                block.put(columns__fold=fold)
                await bench.cycle()
                group, saturated = expected_group(design, layout, lanes, flat, fold)
                bench.compare(
                    block, f"codes of group {fold}", unpack_signed(block.get("columns__code"), bits, lanes), group
                )
                bench.compare(block, f"saturations of group {fold}", block.get("columns__saturations"), saturated)
                saturated_sums += sum(abs(code) == limit for code in group)

    await bench.each(drive)
    assert bench.compared > 2 * ROUNDS * len(bench.blocks) and saturated_sums > 100 * len(bench.blocks)
