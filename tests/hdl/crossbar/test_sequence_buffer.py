"""The sequence buffer on Verilator: batches of packets that Hypothesis draws, against a reference parser."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings

from remora.hdl.crossbar.sequence_buffer import SequenceBuffer
from remora.spec.lib.packets import Drop
from remora.tb.models.packets import packets, parse
from tests.hdl.designs import DESIGNS, MNIST, cases
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

PACKETS = 120
LEAST_DROPS = 4
"""Packets of all batches that are dropped for each cause; the bench sends them several times."""
TESTS = 7


def draw_batch(design, count: int) -> list:
    """The same ``count`` packets every time."""
    batch: list = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(packets(design))
    def collect(beats) -> None:
        batch.append(beats)

    collect()
    return batch[:count]


def test_sequence_buffer():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "primes", "powers", "signed", "above")} | {
        "mnist": MNIST
    }
    designs["three"] = DESIGNS["tiny"].evolve(system={"contexts": 3})
    designs["learns"] = DESIGNS["tiny"].evolve(learning={"enabled": True})
    batches = {name: draw_batch(design, 30 if name == "mnist" else PACKETS) for name, design in designs.items()}
    parsed = [parse(designs[name], beats) for name, batch in batches.items() for beats in batch]
    causes = Counter(result for result in parsed if isinstance(result, Drop))
    assert all(causes[cause] >= LEAST_DROPS for cause in Drop), "batches that rarely drop for a cause test little"
    result = simulate_cases(
        SequenceBuffer,
        cases(designs),
        "remora.tb.blocks.crossbar.test_sequence_buffer",
        config={"batches": batches},
        extra_sources=[MEMORY],
    )
    assert len(result.tests) == TESTS
