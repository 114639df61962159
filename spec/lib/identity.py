"""Which fields make a design point another than its neighbours: a mark on the field, read by `identity_of`.

A field without a mark always enters the identity. Marks stand beside those of `remora.spec.lib.roles` as
``Annotated[type, ROLE, MARK]``. They answer another question: roles say what a stored network shares with the design
point, marks whether the hardware is another. A lane count is free to change for a network, and makes other hardware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class IdentityMark:
    """When a field enters the identity.

    Attributes:
        enters: whether it ever does.
        by_default: whether it does where it has its default. A field that is younger than the format of the identity
            does not, so that older design points keep theirs.
        kind: value of its section's ``kind`` beside which it does; None for any.
        written: what enters in place of its value, where a later version has renamed the value; None for the value.
    """

    enters: bool = True
    by_default: bool = True
    kind: str | None = None
    written: str | None = None


LABEL = IdentityMark(enters=False)
"""Never enters: a label for people."""
OUTSIDE = IdentityMark(enters=False)
"""Never enters: it tells of what stands outside the generated hardware, which is the same for all its values."""
UNLESS_DEFAULT = IdentityMark(by_default=False)
"""Enters where it differs from its default."""
OF_MIRU = IdentityMark(kind="miru")
"""Enters where the cell is of this kind; cells of another kind do not have it."""


def identity_of(section: BaseModel) -> dict[str, Any]:
    """The fields that enter the identity, as nested tables of JSON."""
    content = section.model_dump(mode="json")
    found: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            # A section that only tells of what stands outside leaves no trace.
            found |= {name: inner} if (inner := identity_of(value)) else {}
            continue
        marks = [mark for mark in field.metadata if isinstance(mark, IdentityMark)]
        if all(_enters(mark, section, field, value) for mark in marks):
            found[name] = next((mark.written for mark in marks if mark.written), content[name])
    return found


def _enters(mark: IdentityMark, section: BaseModel, field: FieldInfo, value: Any) -> bool:
    of_kind = mark.kind is None or mark.kind == getattr(section, "kind", None)
    return mark.enters and of_kind and (mark.by_default or value != field.default)
