"""Section of the design point: what surrounds the core."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remora.spec.lib.roles import FREE
from remora.spec.lib.section import Section

MAX_CONTEXTS = 8
"""Most sequences in flight."""


class System(Section):
    """What surrounds the core."""

    clock_mhz: Annotated[float, FREE] = Field(
        20.0, ge=0.001, le=2000, description="clock in MHz, for GOPS and times; changes no logic"
    )
    contexts: Annotated[int, FREE] = Field(1, ge=1, le=MAX_CONTEXTS, description="sequences in flight at once")
