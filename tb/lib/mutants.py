"""Runs the tests of a block's bench once for each mutant of the block, in one simulation that divides itself.

The bench has an input ``mutant`` that chooses one. Before anything is simulated the process forks for each mutant in
turn, so that every mutant begins with the state of power-up and leaves nothing to the next. A test keeps its name and
so its seed. What happens is printed line by line, because a mutant may end its process: a mutant whose process does not
say that all tests passed was noticed. Its further tests are left out.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import time
from collections.abc import Iterator
from typing import Any

from cocotb import _test_manager  # private, as are the next: no public door makes tests or says why one failed
from cocotb._decorators import Test, TestGenerator
from cocotb.utils import get_sim_time

from remora.tb.lib.config import load_config

MARK = "remora-mutant"
"""Begins each line that tells what happens."""
POLL_S = 0.01
GRACE_S = 5
"""Processor seconds after its limit until a process is killed, in place of being told."""
SOUND = 0
"""Number of no mutant: its tests all run, also after one that failed."""


def say(**what: Any) -> None:
    """Print one line for `remora.flow.faults.mutants`."""
    print(MARK, json.dumps(what), flush=True)


class MutantTests(TestGenerator):
    """Tests of the configured module for every configured mutant."""

    def __init__(self) -> None:
        super().__init__(_nothing)
        self.number: int | None = None
        self.divided = False
        self.running: tuple[str, Any] | None = None

    def generate_tests(self) -> Iterator[Test]:
        """The tests in the configured order, all of the module where none is named, and one that ends the process."""
        if (settings := load_config().get("mutants")) is None:
            return
        tests = {test.name: test for test in _tests_of(settings["test_module"])}
        for name in settings["tests"] or tests:
            yield self._mutated(tests[name], settings["limits_ns"].get(name))
        end = tests[next(iter(tests))]
        yield _test_like(end, self._end, "end", None)

    def _mutated(self, test: Test, limit_ns: float | None) -> Test:
        async def mutated(dut, *args, **kwargs) -> None:
            # Before the first evaluation, at which benches expect to begin.
            if not self.divided:
                self.divided = True
                self._divide()
            if self.number is None:
                return
            self._close()
            self.running = test.name, _test_manager._current_test
            begun, start = time.process_time(), get_sim_time("ns")
            say(mutant=self.number, test=test.name, event="begins")
            dut.mutant.value = self.number
            await test.func(dut, *args, **kwargs)
            self.running = None
            taken = {"ns": get_sim_time("ns") - start, "seconds": time.process_time() - begun}
            say(mutant=self.number, test=test.name, event="passes", **taken)

        return _test_like(test, mutated, test.name, (limit_ns, "ns") if limit_ns else test.timeout)

    def _divide(self) -> None:
        """Fork for each mutant; this process waits for each and goes on with none."""
        settings = load_config()["mutants"]
        for number in settings["numbers"]:
            if not (child := os.fork()):
                self.number = number
                exit_at_once()
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                if (limit := settings["limit_s"]) and number != SOUND:
                    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + GRACE_S))
                return
            # Whoever watches this process takes one that sleeps for long for one that hangs.
            while not (ended := os.wait4(child, os.WNOHANG))[0]:
                time.sleep(POLL_S)
            _, status, used = ended
            say(mutant=number, event="ends", code=os.waitstatus_to_exitcode(status), seconds=used.ru_utime)

    def _close(self) -> None:
        """Tell how the test before failed, if it did, and end the process of a mutant that is noticed."""
        if self.running is None:
            return
        name, manager = self.running
        self.running = None
        error = manager.exception()
        # A full disk or memory is no finding; simulated time that runs out is one.
        broken = isinstance(error, (OSError, MemoryError)) and not isinstance(error, TimeoutError)
        event = "breaks" if broken else "fails"
        say(mutant=self.number, test=name, event=event, why=f"{type(error).__name__}: {error}")
        if self.number != SOUND:
            os._exit(0)

    async def _end(self, dut) -> None:
        """After the last test."""
        if self.number is None:
            return
        self._close()
        say(mutant=self.number, event="passed all")
        os._exit(0)


def exit_at_once() -> None:
    """Have ``exit`` end this process before the simulator waits for its threads, which a fork leaves behind."""
    libc = ctypes.CDLL(None)
    # Called in the opposite order, the first with the status.
    libc.on_exit(ctypes.cast(libc._exit, ctypes.c_void_p), None)
    libc.__cxa_atexit(ctypes.cast(libc.fflush, ctypes.c_void_p), None, None)


def _test_like(test: Test, func, name: str, timeout) -> Test:
    return Test(
        func=func, args=test.args if name == test.name else (), kwargs=test.kwargs if name == test.name else {},
        name=name, module=test.module, doc=test.doc, timeout=timeout, expect_fail=False, expect_error=(), skip=False,
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
