"""What every kind of design point shares: frozen, strict sections, a name, and an identity."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remora.spec.lib.identity import LABEL, identity_of
from remora.spec.lib.roles import Role
from remora.spec.lib.validation import merged, validated

if TYPE_CHECKING:
    from remora.spec.lib.registers import RegisterSource

RecordFields = list[Any]
"""Fields of a trace record in order: name, little-endian dtype, and shape where it is an array."""


class Section(BaseModel):
    """A frozen part of the design point; refuses unknown fields and values of another type, such as "28" or true."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


class Derived:
    """Base of what follows from several sections, one subject a class: ``remora config show`` lists its properties."""


class Design(Section):
    """A design point of any kind."""

    CORE: ClassVar[str]
    """The kind of design point, as a TOML file names it in ``core``."""
    FORMER_CORE: ClassVar[str | None] = None
    """An older value of ``core``, which a design point may say in its stead."""

    name: Annotated[str, Role.FREE, LABEL] = Field(
        min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", description="label; not part of the hash"
    )

    @model_validator(mode="before")
    @classmethod
    def _core_of_today(cls, content: Any) -> Any:
        """The older spelling of ``core`` reads as that of today."""
        if isinstance(content, Mapping) and "core" in content and content["core"] == cls.FORMER_CORE:
            return {**content, "core": cls.CORE}
        return content

    def evolve(self, *, origin: str | None = None, **changes: Any) -> Self:
        """This design point with other values of some fields, validated as a whole.

        Args:
            origin: names the source in the error; "design point 'NAME'" where None.
            changes: new values by field; for a section a table of its fields that change, such as
                ``learning={"enabled": True}``, whose other fields stay.

        Raises:
            ConfigError: a field is unknown, or the result is not legal; the message names each field.
        """
        content = merged(self.model_dump(), changes)
        return validated(type(self), content, origin or f"design point '{self.name}'")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if faults := list(self.faults()):
            raise ValueError("; ".join(faults))
        return self

    def faults(self) -> Iterator[str]:
        """Each way in which fields that are legal one by one do not fit together, with the remedy."""
        return iter(())

    def unheeded(self) -> dict[str, str]:
        """Fields that change nothing of the hardware beside the values of others → why, in words."""
        return {}

    def remarks(self) -> list[str]:
        """What is worth knowing of values that are legal, a sentence each."""
        return []

    @property
    def has_test_pin(self) -> bool:
        """The top has the input ``test_mode``."""
        return False

    @property
    def has_memory_test(self) -> bool:
        """The top has the port of the memory test."""
        return False

    @abstractmethod
    def counters(self) -> tuple[IntEnum, ...]:
        """Counters of the hardware, by name and in the order of their addresses."""

    @abstractmethod
    def record_fields(self) -> dict[str, RecordFields]:
        """Kind of trace record → its fields; every record is a multiple of four bytes or padded to it."""

    @abstractmethod
    def register_source(self) -> RegisterSource:
        """SystemRDL of the register map, and its parameters."""

    def stated(self) -> dict[str, Any]:
        """What a file of this design point must state, as JSON has it: ``core``, and each field that is not at its
        default. So a field that is added later changes nothing of it."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"core": self.CORE}

    def identity(self) -> dict:
        """What makes this design point another than its neighbours: the fields that `remora.spec.lib.identity` marks
        say."""
        return identity_of(self)

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that identify the design point; the name does not enter."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:16]
