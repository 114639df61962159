"""A text field of a design point whose legal values a registry has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError, core_schema


@dataclass(frozen=True)
class OneOf:
    """Mark of the field, as ``Annotated[str, OneOf(names)]``; it is refused as a ``Literal`` of these names would be.

    Attributes:
        names: called when a value is checked, so that packages may add some.
    """

    names: Callable[[], Iterable[str]]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> str:
        names = list(self.names())
        if isinstance(value, str) and value in names:
            return value
        *first, last = (f"'{name}'" for name in names)
        expected = f"{', '.join(first)} or {last}" if first else last
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
