"""Fields of a design point: default, legal values, meaning, and what each says about a stored network."""

from __future__ import annotations

from docs.pages.tables import table
from remora.flow.report.configuration import derived_quantities, describe_fields
from remora.spec.lib.roles import roles_of
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, preset_names


def fields(preset: str) -> str:
    """Tables of all fields of the kind of design point that a preset is, a section each."""
    design = load_design(preset, Design)
    kind = type(design)
    roles, sections = roles_of(kind), {}
    for field in describe_fields(design):
        section, _, name = field.path.rpartition(".")
        default = "" if field.default is None else f"`{_toml(field.default)}`"
        row = (f"`{name}`", default, field.legal, roles[field.path].value, field.meaning)
        sections.setdefault(section, []).append(row)
    parts = []
    for section, rows in sections.items():
        model = kind.model_fields[section].annotation if section else kind
        title = f"### `[{section}]`" if section else "### At the top of the file"
        parts += [title, (model.__doc__ or "").strip(), table(("field", "default", "legal", "role", "meaning"), rows)]
    return "\n\n".join(parts)


def presets() -> str:
    """What each preset sets, beside the defaults."""
    rows = []
    for name in preset_names():
        design = load_design(name, Design)
        differing = [
            f"`{field.path}` = {_toml(field.value)}"
            for field in describe_fields(design)
            if field.path != "name" and field.value != field.default
        ]
        rows.append((f"`{name}`", type(design).__name__, ", ".join(differing) or "the defaults"))
    return table(("preset", "kind of design point", "differs from the defaults in"), rows)


def derived(preset: str) -> str:
    """What follows from the fields of a preset."""
    quantities = derived_quantities(load_design(preset, Design))
    return table(
        ("name", f"`{preset}`", "meaning"), [(f"`{name}`", value, meaning) for name, value, meaning in quantities]
    )


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
