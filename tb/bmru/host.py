"""The host of the BMRU accelerator: codes through the scan window, settings of vote and reports."""

from __future__ import annotations

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import check_word, pack_chain
from remora.spec.lib.registers import WORD_BITS
from remora.tb.lib.coverage import cover
from remora.tb.lib.host import Host


class ScanError(AssertionError):
    """The scan window says that codes did not arrive."""


class BmruHost(Host):
    """Drives the harness of :mod:`remora.flow.systems.bmru.harness`."""

    design: BmruDesign

    async def configure(self, settings: VoteSettings, period: int) -> None:
        """Set up pacing, vote and reports; they take effect with the next clip."""
        await self.write("PACE", period=period)
        await self.write("VOTE", frames=settings.frames, sliding=int(settings.sliding), wake_class=settings.wake_class)
        await self.write("WAKE_THRESHOLD", votes=settings.threshold)
        await self.write("REPORT", votes=int(settings.report_votes), frames=int(settings.report_frames))

    # Scan window ------------------------------------------------------------------------------------------------------
    async def load(self, codes: BmruCodes, check: int | None = None) -> dict[str, int]:
        """Load codes through the scan window; the device must be halted.

        Args:
            check: check word to announce; that of the codes where None.

        Returns:
            SCAN_STATUS at the end.
        """
        bits = codes.chain()
        await self.write("SCAN_CHECK", value=check_word(bits) if check is None else check)
        await self.write("SCAN_CONTROL", load=1)
        data = pack_chain(bits)
        for start in range(0, len(data), WORD_BITS // 8):
            await self.until_word()
            await self.write("SCAN_DATA", bits=int.from_bytes(data[start : start + WORD_BITS // 8], "little"))
        status = await self.scan_end()
        cover("bmru_scan", command="load", passes=not status["written_wrong"])
        return status

    async def program_codes(self, codes: BmruCodes) -> None:
        """Load codes and check that they arrived.

        Raises:
            ScanError: they did not.
        """
        status = await self.load(codes)
        wrong = [name for name, value in status.items() if value and name != "ready"]
        programmed = (await self.read("STATUS"))["programmed"]
        if wrong or not programmed:
            raise ScanError(f"the codes did not arrive: {', '.join(wrong)}, STATUS.programmed is {programmed}")

    async def verify(self, check: int) -> dict[str, int]:
        """Compare the latches with a check word; SCAN_STATUS at the end."""
        await self.write("SCAN_CHECK", value=check)
        await self.write("SCAN_CONTROL", verify=1)
        status = await self.scan_end()
        cover("bmru_scan", command="verify", passes=not status["latches_wrong"])
        return status

    async def read_back(self) -> bytes:
        """The latches, packed as `remora.spec.bmru.scan.pack_chain` packs them."""
        await self.write("SCAN_CONTROL", read=1)
        words = -(-(await self.read("SCAN_LENGTH"))["bits"] // WORD_BITS)
        data = b""
        for _ in range(words):
            await self.until_word()
            data += (await self.read("SCAN_DATA"))["bits"].to_bytes(WORD_BITS // 8, "little")
        await self.scan_end()
        cover("bmru_scan", command="read")
        return data

    async def until_word(self) -> None:
        """Wait until SCAN_DATA can be written or read."""
        await self.until("ready", 1, pause_cycles=WORD_BITS // 2, register="SCAN_STATUS")

    async def scan_end(self) -> dict[str, int]:
        """Wait for the end of a scan command; returns SCAN_STATUS."""
        length = (await self.read("SCAN_LENGTH"))["bits"]
        await self.until("scan_busy", 0, pause_cycles=16 + length // 2)
        return await self.read("SCAN_STATUS")

    # Cells ------------------------------------------------------------------------------------------------------------
    async def states(self) -> int:
        """States of all cells at the last sample, cell 0 of block 0 in the low bit."""
        packed = 0
        for word in range(-(-self.design.network.cells // WORD_BITS)):
            await self.write("STATE_SELECT", word=word)
            packed |= (await self.read("STATE"))["bits"] << WORD_BITS * word
        return packed
