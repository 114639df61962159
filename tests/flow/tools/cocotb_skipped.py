"""cocotb side of ``test_simulator``: a module whose only test is skipped."""

from __future__ import annotations

import cocotb


@cocotb.test(skip=True)
async def skipped(dut) -> None:
    """Counts as no test."""
