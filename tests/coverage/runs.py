"""What a whole design's run shows of the plan: its design point, its stimulus, the trace and the counters.

Each value is taken once a run from whole arrays, so that nothing runs for a cycle or a record.
"""

from __future__ import annotations

from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.verify.run import Found, RunCase
from tests.coverage.bmru_runs import sample_frames
from tests.coverage.crossbar_runs import sample_sequences

SAMPLERS = {CrossbarCase: sample_sequences, BmruCase: sample_frames}
"""By kind of run what samples it."""


def sample_run(case: RunCase, found: Found) -> None:
    """Sample a run in which everything agreed; one of a system of another package is not in the plan."""
    sampler = SAMPLERS.get(type(case))
    if sampler:
        sampler(case, found)
