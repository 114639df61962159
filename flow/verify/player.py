"""Files of the packet player and of the answer recorder: ``tb/sv/remora_packet_player.sv`` says what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remora.spec.lib.files import replacing
from remora.spec.lib.packets import BEAT_BYTES

PACKETS, ANSWERS, REGISTERS = "packets.bin", "answers.bin", "registers.bin"
"""What is played, what is recorded, and the accesses that the host lets play, of a run."""
_LAST, _HOLD = 1 << BEAT_BYTES, 2 << BEAT_BYTES


@dataclass(frozen=True)
class Played:
    """A packet.

    Attributes:
        data: its bytes. ``keep``: one a byte, false where TKEEP leaves a hole; None for no hole.
        hold: after it the player waits until the host lets it go on.
    """

    data: bytes
    keep: Sequence[bool | int] | None = None
    hold: bool = False


def write_packets(path: Path, packets: Iterable[Played]) -> None:
    """Write what the player sends."""
    with replacing(path) as partial, partial.open("wb") as file:
        for packet in packets:
            file.write(_beats(packet))


def _beats(packet: Played) -> bytes:
    size = len(packet.data)
    words = np.zeros((-(-size // BEAT_BYTES), 2), "<u4")
    words[:, 0] = np.frombuffer(packet.data.ljust(BEAT_BYTES * len(words), b"\0"), "<u4")
    keep = np.zeros(BEAT_BYTES * len(words), np.uint32)
    keep[:size] = 1 if packet.keep is None else packet.keep
    words[:, 1] = (keep.reshape(-1, BEAT_BYTES) << np.arange(BEAT_BYTES, dtype=np.uint32)).sum(axis=1)
    words[-1, 1] |= _LAST | (_HOLD if packet.hold else 0)
    return words.tobytes()
