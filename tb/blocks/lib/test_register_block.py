"""The register block cycle by cycle: the bus held back at random, and every port as the model of the registers says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from remora.spec.lib.registers import ADDRESS_BITS, WORD_BITS, WORD_BYTES, Field, Kind, Register, Response, register_map
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.registers import ALL_BYTES, Model

CYCLES = 2_500


class Answering(Model):
    """The model, with a word of the bench's at each external register.

    Attributes:
        words: by external register, what is read there in this cycle.
    """

    words: dict[str, int]

    def _readable(self, field: Field) -> int:
        return field.decode(self.words[field.register]) if field.kind is Kind.EXTERNAL else super()._readable(field)


class Account:
    """A register block, the bus at it, and what it owes in each cycle."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.map = list(register_map(block.design))
        self.fields = [field for register in self.map for field in register.fields]
        self.model = Answering(register_map(block.design))
        self.externals = [register.name for register in self.map if register.external]
        self._of_kind = {kind: [field for field in self.fields if field.kind is kind] for kind in Kind}
        self._driven: dict[str, int] = {}
        self.tally = Counter[str]()
        self.cycle = 0
        # What a master offers, until it is accepted.
        self.address: int | None = None
        self.data: tuple[int, int] | None = None
        self.read_address: int | None = None
        # The reset before the first cycle.
        self._forget()

    def _kind(self, *kinds: Kind) -> list[Field]:
        return [field for kind in kinds for field in self._of_kind[kind]]

    def _forget(self) -> None:
        """What a reset leaves."""
        self.model.reset()
        self.awake = False
        self.address = self.data = self.read_address = None
        self.held_address: int | None = None
        self.held_data: tuple[int, int] | None = None
        self.held_read: int | None = None
        self.written: Response | None = None
        self.read: tuple[Response, int] | None = None
        self.pulses: Counter[str] = Counter()
        self.irq = 0

    # Stimuli ----------------------------------------------------------------------------------------------------------
    def drive(self, reset: bool) -> None:
        """All inputs of a cycle: what masters offer, and whatever the hardware says."""
        random = self.random
        busy = 0.9 if self.cycle % 400 < 200 else 0.4
        if reset:
            self.address = self.data = self.read_address = None
        elif self.awake:
            if self.address is None and self.data is None and random.random() < busy:
                self.address, self.data = self._some_write()
                self.shown = {name: False for name in ("aw", "w")}
            if self.read_address is None and random.random() < busy * 0.7:
                self.read_address = self._some_register().address + random.randrange(WORD_BYTES)
                if random.random() < 0.05:
                    self.read_address = random.getrandbits(ADDRESS_BITS)
        # Either channel of a write may come first; what was offered stays.
        self.offers = {"ar": self.read_address is not None}
        for channel, pending in (("aw", self.address), ("w", self.data)):
            self.offers[channel] = pending is not None and (self.shown[channel] or random.random() < busy)
            if self.offers[channel]:
                self.shown[channel] = True
        ports = {f"bus__{channel}valid": int(offered) for channel, offered in self.offers.items()}
        anything = random.getrandbits(WORD_BITS)
        for channel, address in (("aw", self.address), ("ar", self.read_address)):
            offered = anything & (1 << ADDRESS_BITS) - 1 if address is None or not self.offers[channel] else address
            ports[f"bus__{channel}addr"] = offered
        data = self.data if self.offers["w"] else None
        ports["bus__wdata"], ports["bus__wstrb"] = (anything, anything & ALL_BYTES) if data is None else data
        self.ready = {name: int(random.random() < busy) for name in ("bready", "rready")}
        ports |= {f"bus__{name}": value for name, value in self.ready.items()}
        if random.random() < 0.2:
            self.model.guards |= {name: int(random.random() < 0.85) for name in self.model.guards}
        ports |= {f"guard_{name}": level for name, level in self.model.guards.items()}
        inputs = self._kind(Kind.STATUS, Kind.LOADED)
        for field in random.sample(inputs, 4) if self.cycle else inputs:
            self.model.inputs[field.port] = random.choice((0, field.maximum, random.randint(0, field.maximum)))
            ports[field.port] = self.model.inputs[field.port]
        self.events = {field.port: int(random.random() < 0.03) for field in self._kind(Kind.EVENT)}
        self.model.words = {name: random.getrandbits(WORD_BITS) for name in self.externals}
        ports |= self.events | {f"{name}_read_value".lower(): word for name, word in self.model.words.items()}
        self.block.put(**{name: value for name, value in ports.items() if self._driven.get(name) != value})
        self._driven |= ports

    def _some_register(self) -> Register:
        return self.random.choice(self.map)

    def _some_write(self) -> tuple[int, tuple[int, int]]:
        """Address, and word and strobes: mostly of a register that can be written, with fields at the ends of what is
        legal, a step beyond, a bit beside, or anything."""
        random, writable = self.random, [register for register in self.map if register.writable]
        register = random.choice(writable) if random.random() < 0.9 else self._some_register()
        word = random.getrandbits(WORD_BITS) if random.random() < 0.5 else 0
        for field in register.fields:
            full, one = (1 << field.width) - 1, 1 << random.randrange(field.width)
            ends = field.minimum, field.minimum - 1, field.maximum, field.maximum + 1, field.maximum ^ one, one
            value = random.choice(
                (*ends, random.getrandbits(field.width), random.randint(field.minimum, field.maximum))
            )
            word = word & ~field.mask | (value & full) << field.lsb
        address = register.address + random.randrange(WORD_BYTES)
        if random.random() < 0.05:
            address = random.choice((random.getrandbits(ADDRESS_BITS), address ^ 1 << random.randrange(ADDRESS_BITS)))
        return address, (word, random.choice((ALL_BYTES, ALL_BYTES, random.getrandbits(WORD_BYTES))))

    # What must be -----------------------------------------------------------------------------------------------------
    def follow(self, reset: bool) -> None:
        """Compare all outputs of the cycle that has just ended, and go on to the next."""
        expected: dict[str, Any] = {
            "bus__awready": int(self.awake and self.held_address is None),
            "bus__wready": int(self.awake and self.held_data is None),
            "bus__arready": int(self.awake and self.held_read is None),
            "bus__bvalid": int(self.written is not None),
            "bus__rvalid": int(self.read is not None),
            "irq": self.irq,
        }
        if self.written is not None:
            expected["bus__bresp"] = int(self.written)
        if self.read is not None:
            expected["bus__rresp"] = int(self.read[0])
            if self.read[0] is Response.OKAY:
                expected["bus__rdata"] = self.read[1]
        expected |= {field.port: self.model.stored[field.port] for field in self._kind(Kind.CONFIGURATION)}
        expected |= {field.port: self.pulses[field.port] for field in self._kind(Kind.PULSE)}
        irq = self.model.interrupt()
        expected |= self._access()
        self.irq = irq
        if not (reset and self.awake):
            # In the first cycle of a reset the logic has not seen it yet.
            self.bench.compare_ports(self.block, f"cycle {self.cycle}", expected)
        self.model.stored |= {port: 1 for port, struck in self.events.items() if struck}
        self._accept(expected)
        if reset:
            self._forget()
        else:
            self.awake = True
        self.cycle += 1

    def _access(self) -> dict[str, int]:
        """The read or the write of this cycle, if there is one; ports that strobe with it."""
        model, self.pulses = self.model, Counter()
        model.external.clear()
        model.loads.clear()
        model.pulses.clear()
        free = {"b": self.written is None or self.ready["bready"], "r": self.read is None or self.ready["rready"]}
        if free["b"]:
            self.written = None
        if free["r"]:
            self.read = None
        writes = self.held_address is not None and self.held_data is not None and free["b"]
        if writes:
            assert self.held_address is not None and self.held_data is not None
            self.written = model.write(self.held_address, *self.held_data)
            self.tally[f"write {self.written.name}"] += 1
            self.held_address = self.held_data = None
            self.pulses = Counter(model.pulses)
        elif self.held_read is not None and free["r"]:
            self.read = model.read(self.held_read)
            self.tally[f"read {self.read[0].name}"] += 1
            self.held_read = None
        expected = {f"{name}_{what}".lower(): 0 for name in self.externals for what in ("read", "write")}
        for name, _, what, *written in model.external:
            expected[f"{name}_{what}".lower()] = 1
            if written:
                expected |= {f"{name}_write_value".lower(): written[0], f"{name}_write_strobes".lower(): written[1]}
        loads = dict(model.loads)
        for field in self._kind(Kind.LOADED):
            expected[f"{field.port}_load"] = int(field.port in loads)
            if field.port in loads:
                expected[f"{field.port}_loaded"] = loads[field.port]
        self.tally.update(name for name, value in expected.items() if value)
        return expected

    def _accept(self, shown: dict[str, Any]) -> None:
        """What channels hand over at the end of the cycle."""
        if self.offers["aw"] and shown["bus__awready"]:
            self.held_address, self.address = self.address, None
        if self.offers["w"] and shown["bus__wready"]:
            self.held_data, self.data = self.data, None
        if self.offers["ar"] and shown["bus__arready"]:
            self.held_read, self.read_address = self.read_address, None


@block_test
async def any_cycles(bench: BlockBench) -> None:
    """Accesses, guards, events, status and resets at random; every output in every cycle."""
    accounts, reset = [Account(bench, block) for block in bench.blocks], False
    for _ in range(CYCLES):
        reset = bench.chance(0.5 if reset else 0.002)
        bench.dut.rst.value = int(reset)
        for account in accounts:
            account.drive(reset)
        await bench.cycle()
        for account in accounts:
            account.follow(reset)
    for account in accounts:
        kinds = [f"write {response.name}" for response in Response] + ["read OKAY", "read DECERR"]
        assert min(account.tally[kind] for kind in kinds) > 10, account.tally
