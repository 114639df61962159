"""cocotb: scripts of register accesses do the same by the master and played beside the design, and say what fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import cocotb

from remora.golden.crossbar.weights import random_weights
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.host import ScriptError, StuckError
from remora.tb.lib.register_script import RegisterScript

STUCK_CYCLES = 200


def player(host: CrossbarHost) -> Callable[[RegisterScript], Awaitable[list[int]]]:
    """Lets a script be played."""
    path = Path(load_config()["registers"])
    return lambda script: host.play_registers(script, path, STUCK_CYCLES)


async def failure(carry_out: Callable[[RegisterScript], Awaitable[list[int]]], script: RegisterScript) -> str:
    """What a script says that must fail."""
    try:
        await carry_out(script)
    except (ScriptError, StuckError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("the script went well")


@cocotb.test()
async def both_ways_do_the_same(dut) -> None:
    """Values written one way are read the other way, and a wrong one is told the same."""
    host = await CrossbarHost.started(dut)
    ways = (host.carry_out, player(host))
    for number, carry_out in enumerate(ways):
        script = RegisterScript(host.registers)
        for value in (7 + number, 200 - number):
            script.write("RESET_COEFFICIENT", value=value)
            script.until("RESET_COEFFICIENT", "value", value)
        await carry_out(script)
        for check in ways:
            read = RegisterScript(host.registers)
            read.expect("RESET_COEFFICIENT", "value", 200 - number, "it is not what was written")
            read.record("RESET_COEFFICIENT", 2)
            read.write("RESET_COEFFICIENT", value=11)
            read.record("RESET_COEFFICIENT")
            read.write("RESET_COEFFICIENT", value=200 - number)
            assert await check(read) == [200 - number, 200 - number, 11]
            read.expect("RESET_COEFFICIENT", "value", 3, "it is not 3")
            assert await failure(check, read) == "ScriptError: it is not 3"


@cocotb.test()
async def weights_are_programmed_and_verified(dut) -> None:
    """A played script programs every device; one that is played and one that is not read the same back."""
    host = await CrossbarHost.started(dut)
    weights = random_weights(host.design, 8)
    host.script_path = Path(load_config()["registers"])
    await host.program(weights)
    for path in (host.script_path, None):
        host.script_path = path
        found = await host.read_weights()
        assert (found.hidden == weights.hidden).all() and (found.readout == weights.readout).all()


@cocotb.test()
async def a_refused_write_ends_a_played_script(dut) -> None:
    """What answers SLVERR is named, and the accesses after it are not made."""
    host = await CrossbarHost.started(dut)
    script = RegisterScript(host.registers)
    script.write("RESET_COEFFICIENT", value=9)
    script.write_word("STATUS", 1)
    script.write("RESET_COEFFICIENT", value=10)
    address = host.registers["STATUS"].address
    assert await failure(player(host), script) == f"ScriptError: access 1, at {address:#x}, answers an error"
    await host.expect("RESET_COEFFICIENT", value=9)


@cocotb.test()
async def what_never_comes_is_told(dut) -> None:
    """Bits that never take their value end the wait, either way; a reset ends the player's."""
    host = await CrossbarHost.started(dut)
    script = RegisterScript(host.registers)
    script.until("STATUS", "window_busy", 1)
    assert (await failure(host.carry_out, script)).startswith("StuckError: bits 0x4 at ")
    assert (await failure(player(host), script)).startswith("StuckError: access 0 of a script, at ")
    await host.reset()
    await host.expect("STATUS", window_busy=0)
