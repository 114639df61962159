"""Runs the tests of a block's bench once for each mutant of the block, all in one simulation.

The bench has an input ``mutant`` that chooses one. A test keeps its name and so its seed. What happens is printed line
by line, because a mutant may end the simulation: a test that begins and does not pass has noticed its mutant, whose
other tests are left out.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

from cocotb._decorators import Test, TestGenerator  # private: no public door makes tests, and cocotb is pinned
from cocotb.utils import get_sim_time

from remora.tb.lib.config import load_config

MARK = "remora-mutant"
"""Begins each line that tells what happens."""


def say(**what: Any) -> None:
    """Print one line for `remora.flow.faults.mutants`."""
    print(MARK, json.dumps(what), flush=True)


class MutantTests(TestGenerator):
    """Tests of the configured module for every configured mutant."""

    def __init__(self) -> None:
        super().__init__(_nothing)
        self.failed: set[int] = set()

    def generate_tests(self) -> Iterator[Test]:
        """Mutant by mutant, the tests in the configured order; all tests of the module where none is named."""
        if (settings := load_config().get("mutants")) is None:
            return
        tests = {test.name: test for test in _tests_of(settings["test_module"])}
        for number in settings["numbers"]:
            for name in settings["tests"] or tests:
                limit = settings["limits_ns"].get(name)
                yield self._mutated(tests[name], number, limit)

    def _mutated(self, test: Test, number: int, limit_ns: float | None) -> Test:
        async def mutated(dut, *args, **kwargs) -> None:
            if number in self.failed:
                return
            self.failed.add(number)
            start = get_sim_time("ns")
            say(mutant=number, test=test.name, event="begins")
            dut.mutant.value = number
            await test.func(dut, *args, **kwargs)
            self.failed.discard(number)
            say(mutant=number, test=test.name, event="passes", ns=get_sim_time("ns") - start)

        return Test(
            func=mutated, args=test.args, kwargs=test.kwargs, name=test.name, module=test.module, doc=test.doc,
            timeout=(limit_ns, "ns") if limit_ns else test.timeout, expect_fail=False, expect_error=(), skip=False,
            stage=0,
        )  # fmt: skip


def _tests_of(module: str) -> Iterator[Test]:
    for each in vars(importlib.import_module(module)).values():
        if isinstance(each, Test):
            yield each
        elif isinstance(each, TestGenerator):
            yield from each.generate_tests()


async def _nothing(dut) -> None:
    raise AssertionError("a generator of tests is no test")


mutant_tests = MutantTests()
