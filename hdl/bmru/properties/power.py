"""Proofs about what stays awake: frames are due in time, and the gated clock ticks whenever something needs it."""

from __future__ import annotations

from remora.hdl.bmru.always_on import AlwaysOn
from remora.hdl.bmru.pace_timer import EARLY_CYCLES, PaceTimer
from remora.hdl.bmru.properties.designs import HERE
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.bmru.cycles import AWAKE_AFTER

LONGEST = 15
"""Periods up to this one are proven. A longer one only counts further."""


def power() -> list[Proof]:
    """All of them."""
    return [_pace(), _awake()]


def _pace() -> Proof:
    ports = {name: name for name in ("run", "start", "due", "soon", "legal")}
    return Proof(
        "pace-timer",
        f"frames are due once a period of 0 … {LONGEST} cycles, and that is known {EARLY_CYCLES} cycles before",
        PaceTimer,
        {"pace": Checker("pace_rules", {**ports, "period": "limit"}, {"EARLY": EARLY_CYCLES}, HERE)},
        {
            "pace.on_time": Mutant("", {"period": "period + 1"}),
            "pace.foreseen": Mutant("", {"soon": "good_due"}),
        },
        constants={"limit": 32},
        wires={"legal": 1},
        assumed={"legal": "legal", "stays": f"period == limit && limit <= {LONGEST}"},
        depth=30,
    )


def _awake() -> Proof:
    ports = {name: name for name in ("asks", "waits", "due", "run", "enable", "soon")}
    paced = {name: name for name in ("run", "start", "due", "soon", "legal")}
    late = "reg late = 0; always @(posedge clk) late <= ~asks; reg later = 0; always @(posedge clk) later <= late;"
    return Proof(
        "always-on",
        "the gated clock ticks whenever something needs it, and no longer",
        AlwaysOn,
        {
            "clock": Checker(
                "wake_rules", {**ports, "period": "limit"}, {"AFTER": AWAKE_AFTER, "EARLY": EARLY_CYCLES}, HERE
            ),
            "pace": Checker("pace_rules", {**paced, "period": "limit"}, {"EARLY": EARLY_CYCLES}, HERE),
        },
        {
            "clock.wakes": Mutant("", {"asks": "asks & run"}),
            "clock.goes_on": Mutant("", {"enable": "good_enable & ~(late & later)"}, late),
            "clock.rests": Mutant("", {"enable": "good_enable | run"}),
            "clock.in_time": Mutant("", {"waits": "waits & good_due"}),
            "pace.on_time": Mutant("", {"period": "period + 1"}),
            "pace.foreseen": Mutant("pace_timer", {"soon": "good_due"}),
            "clock.resets": Mutant("", {"enable": "good_enable & ~rst"}),
        },
        inside={"soon": ("pace.soon", 1)},
        constants={"limit": 32},
        wires={"legal": 1},
        assumed={"legal": "legal", "stays": f"period == limit && limit <= {LONGEST}"},
        depth=40,
        quick=True,
    )
