"""What the sequencer gives besides its strobes while one sequence at a time runs: whose step it is, from which bank,
into which integrator, and what it waits for."""

from __future__ import annotations

from remora.tb.lib.bench import Block

CONTEXTS = ("context_index", "at_hand__context_index", "step_done__context_index")
OF_FOLDS, OF_LEARNING = ("cell__context_index", "cell__read_context"), ("learning__context_index",)
"""Ports that name a context, in every design and in some."""
SETTLING = "settling"
"""Mark of a cycle between a layer's last plane and its sample."""


class LoneSequence:
    """Follows the schedule of one block from a reset on.

    Attributes:
        bank: of the sequence.
    """

    def __init__(self, block: Block) -> None:
        self.block, self.design, self.bank = block, block.design, 0
        capabilities = self.design.capabilities
        folds = () if capabilities.bistable else OF_FOLDS
        self._contexts = (*CONTEXTS, *folds, *OF_LEARNING * capabilities.learns)
        self._integrators = {"hidden": 0, "readout": 0}

    def arrives(self, bank: int) -> None:
        """The sequence that is taken next is in this bank."""
        self.bank = bank
        self.block.put(sequences__arrived__bank=bank)

    def expected(self, strobes: set[str]) -> dict[str, int]:
        """Value by port in a cycle with these strobes."""
        given, several = self.block.get, self.design.system.contexts > 1
        busy, waits = "busy" in strobes, not given("sequences__arrived__available")
        # A lone sequence is in the lowest context, and its answer the oldest.
        found = dict.fromkeys(self._contexts, 0) | {"taken_context": int(busy and several)}
        found |= {
            "waits__input": int(waits and (several or not busy)),
            "waits__output": int(bool(given("decision__done")) and "concluded" not in strobes),
            "waits__converter": int(SETTLING in strobes),
        }
        if "answer__push" in strobes:
            found["number"] = given("oldest")
        if "sequences__reader__read" in strobes and not strobes & {"learning__replaying"}:
            found["sequences__reader__bank"] = self.bank
        if "sequences__header__free" in strobes or "concluded" in strobes and "learning__replaying" not in strobes:
            found["sequences__header__bank"] = self.bank
        found |= {f"{layer}__integrator": at for layer, at in self._integrators.items()}
        return found

    def passed(self, strobes: set[str], values: dict[str, int]) -> None:
        """A cycle with these strobes has ended."""
        counts = {"hidden": self.design.formats.stream_bits, "readout": self.design.readout_planes}
        for layer, count in counts.items():
            plane = values.get("streaming__plane" if layer == "hidden" else "readout_streaming__plane")
            if self.design.crossbar.integrators > 1 and f"{layer}__integrate" in strobes and plane == count - 1:
                self._integrators[layer] ^= 1
