"""Drives the ports of a ``CoreMacro`` in a bench: shifts its chain, runs frames."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BmruCore, CoreRun
from remora.spec.bmru.design import CHARGE_BITS
from remora.spec.bmru.scan import chain_bits
from remora.tb.lib.bench import Block, BlockBench, pack


class BmruCoreDriver:
    """One core, beside its golden model of the same codes.

    Attributes:
        frame, charge: what the counters of the core should hold.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.frame = self.charge = 0

    async def shift(self, bits: Iterable[int]) -> list[int | None]:
        """Shift bits in; returns those that came out, None where a fresh chain's content is unknown."""
        out = []
        for bit in bits:
            self.block.put(scan_enable=1, scan_in=int(bit))
            await self.bench.cycle()
            out.append(self.block.get_known("scan_out"))
        self.block.put(scan_enable=0)
        return out

    async def strobe(self, name: str) -> None:
        """One cycle of a strobe."""
        self.block.put(**{name: 1})
        await self.bench.cycle()
        self.block.put(**{name: 0})

    async def load(self, codes: BmruCodes) -> None:
        """Program codes."""
        await self.shift(codes.chain())
        await self.strobe("scan_latch")
        self.golden = BmruCore(self.design, codes)

    async def read_back(self) -> NDArray[np.bool_]:
        """The bits that the latches hold."""
        await self.strobe("scan_capture")
        random = self.bench.random
        return np.array(await self.shift([random.getrandbits(1) for _ in range(chain_bits(self.design))]), np.bool_)

    async def clip(self, features: NDArray[np.integer]) -> None:
        """Clear the core, run the frames (frames, features) and compare each."""
        await self.strobe("clear")
        await self.frames(features, self.golden.run(features[None], self.frame))

    async def more(self, features: NDArray[np.integer]) -> None:
        """Go on without clearing."""
        await self.frames(features, self.golden.resume(features[None], self.frame))

    async def frames(self, features: NDArray[np.integer], expected: CoreRun) -> None:
        """Run frames and compare state, winner and charge after each."""
        for t, codes in enumerate(features):
            await self.one_frame(codes)
            self.frame += 1
            self.charge = (self.charge + int(expected.charge[0, t])) % (1 << CHARGE_BITS)
            state = pack(expected.state[0, t].reshape(-1).astype(int).tolist(), 1)
            found = tuple(self.block.get(name) for name in ("valid", "state", "winner", "charge"))
            wanted = (1, state, int(expected.decision[0, t]), self.charge)
            self.bench.compare(self.block, f"valid, state, winner, charge of frame {self.frame - 1}", found, wanted)

    async def one_frame(self, codes: NDArray[np.integer]) -> None:
        """The strobes of one frame; returns in the cycle of ``valid``, having checked that it was low until then."""
        block, bench, cycles = self.block, self.bench, self.design.settling.phase_cycles
        word = pack([int(code) for code in codes], self.design.formats.feature_bits)
        block.put(feature=word, settle=1)
        blocks = self.design.network.blocks
        for phase in range(blocks + 1):
            if cycles > 1:
                await bench.cycle(cycles - 1)
            block.put(evaluate=1 << phase if phase < blocks else 0, sample=int(phase == blocks))
            await bench.cycle()
            block.put(evaluate=0, sample=0)
            if phase < blocks or cycles > 1:
                bench.compare(block, "valid within a frame", block.get("valid"), 0)
        block.put(settle=0)
        if bench.chance(0.5):
            block.put(feature=pack([bench.random.randint(-1, 1)] * len(codes), self.design.formats.feature_bits))
        await bench.cycle()
