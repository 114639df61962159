"""What software gets of a crossbar design point: its packets, and a driver in C with the sizes of the design point."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from remora.flow.generate.parts import Document
from remora.flow.generate.software.driver import driver_documents, sizes_header
from remora.flow.generate.software.packets import PacketFormat, packet_documents
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib import packets
from remora.spec.lib.packets import Drop, Flag
from remora.spec.lib.registers import register_map

SETTINGS = (
    "RESET_COEFFICIENT", "UPDATE_COEFFICIENT", "HIDDEN_GAIN", "READOUT_GAIN", "LEARN_SEED", "LEARN_RATES", "WINNERS",
    "VERIFY_FEEDBACK", "REPLAY_RATIO", "HEAL_RATES", "HEAL_START", "HEAL_STOP",
)  # fmt: skip
"""Registers of a checkpoint that software sets, where the design point has them."""
COUNTS = ("UPDATES", "PRESENTED", "FILLED", "REPLAY_CONTROL", "RESERVOIR_ACCURACY", "HEAL_COUNT", "HEAL_CONTROL")
"""Registers of a checkpoint that the hardware counts in, in the order in which they are restored."""


def software_documents(design: DesignPoint) -> dict[str, Document]:
    """Packets, sizes and driver, by their keys among the files of the sidecar."""
    form = PacketFormat(inspect.getdoc(packets) or "", {"FLAG": Flag, "DROP": Drop})
    return {**packet_documents(design, form), **driver_documents("crossbar", design_header(design))}


def design_header(design: DesignPoint) -> str:
    """Sizes and tables of a design point for the driver: what it cannot know from the registers' header."""
    network, memories, registers = design.network, host_memories(design), register_map(design)
    names = {register.name for register in registers}
    settings, counts = ([name for name in some if name in names] for some in (SETTINGS, COUNTS))
    weights = design.hidden_rows * network.hidden + design.readout_rows * network.classes
    thresholds = 2 * network.hidden if design.capabilities.bistable else 0
    weight_words = -(-weights // 4) + thresholds
    words = 2 + len(settings) + len(counts) + weight_words
    words += sum(size.depth * size.groups for size in memories.values())
    whole = not (design.capabilities.spares or design.capabilities.corrects)
    slots = {HostMemory.RESERVOIR_HEADS: 1, HostMemory.RESERVOIR_STEPS: network.max_steps}
    sizes = {
        "FEATURES": (network.features, "bytes of a step"),
        "HIDDEN": (network.hidden, "hidden units"),
        "CLASSES": (network.classes, "classes, that is scores of an answer"),
        "MAX_STEPS": (network.max_steps, "steps of the longest sequence"),
        "HIDDEN_ROWS": (design.hidden_rows, "rows of the hidden layer"),
        "READOUT_ROWS": (design.readout_rows, "rows of the readout"),
        "ANSWERS_EVERY_STEP": (int(design.capabilities.reads_every_step), "an answer has a part for each step"),
        "CHECKPOINT_WORDS": (words, "the most words of a checkpoint"),
        "CHECKPOINT_IS_WHOLE": (int(whole), "the driver saves all that the chip learns"),
        "WEIGHT_WORDS": (weight_words, "words of struct remora_weights"),
        "SETTINGS_COUNT": (len(settings), "registers of REMORA_SETTINGS"),
        "COUNTS_COUNT": (len(counts), "registers of REMORA_COUNTS"),
        "FAULT_MAP": (int(HostMemory.FAULT_MAP), "number of the memory of the fault map"),
        "MOST_GROUPS": (max([size.groups for size in memories.values()], default=1), "words of the widest memory"),
    }
    tiles = [
        [int(tile.layer), tile.index, tile.first_row, tile.rows, tile.first_column, tile.columns]
        for tile in all_tiles(design)
    ]
    stored = [[int(name), size.depth, size.groups, slots.get(name, 0)] for name, size in memories.items()]
    further = [
        "// A crossbar tile: its layer (0 hidden, 1 readout), its number there, and which rows and columns it holds.",
        "struct remora_tile {",
        "    uint32_t layer, index, first_row, rows, first_column, columns;",
        "};",
        _table("TILES", (_braced(tile) for tile in tiles)),
        "",
        "// A memory of the memory window: number, words, 32-bit groups of a word, words of a slot of the reservoir.",
        "struct remora_memory {",
        "    uint32_t number, words, groups, slot_words;",
        "};",
        _table("MEMORIES", (_braced(memory) for memory in stored)),
        "",
        "// Addresses of registers that belong to a checkpoint.",
        _table("SETTINGS", (f"{registers[name].address:#x}u" for name in settings or ["ID"])),
        _table("COUNTS", (f"{registers[name].address:#x}u" for name in counts or ["ID"])),
        "",
    ]
    return sizes_header(design, sizes, "\n".join(further))


def _braced(values: Iterable[int]) -> str:
    return f"{{{', '.join(map(str, values))}}}"


def _table(name: str, rows: Iterable[str]) -> str:
    return " \\\n".join([f"#define REMORA_{name}", "    {", *(f"        {row}," for row in rows), "    }"])
