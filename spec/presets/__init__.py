"""Named design points and the reader of the user's own TOML files."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from remora.spec.lib.errors import ConfigError, MissingError
from remora.spec.lib.section import Design
from remora.spec.lib.systems import DEFAULT_CORE, registered_systems
from remora.spec.lib.validation import guess, validated

NAME_LENGTH = 64
"""Longest name of a design point."""

AnyDesign = TypeVar("AnyDesign", bound=Design)


def preset_names(kind: type[Design] = Design) -> list[str]:
    """Names of the presets of a kind, of all kinds where none is given, sorted."""
    return sorted(name for name in _preset_files() if kind is Design or isinstance(load_design(name, Design), kind))


def preset_description(name: str) -> str:
    """What a preset is for: the first comment of its file."""
    first_line = _preset_files()[name].read_text(encoding="utf-8").partition("\n")[0]
    return first_line.removeprefix("#").strip()


@cache
def _preset_files() -> dict[str, Path]:
    """The presets of all systems by name.

    Raises:
        ConfigError: two folders have a preset of one name.
    """
    files: dict[str, Path] = {}
    for folder in dict.fromkeys(system.presets for system in registered_systems().values()):
        for path in sorted(folder.glob("*.toml")):
            if path.stem in files:
                raise ConfigError(f"preset '{path.stem}' is there twice: {files[path.stem]} and {path}; rename one")
            files[path.stem] = path
    return files


def load_design(config: str | Path, kind: type[AnyDesign]) -> AnyDesign:
    """Read a design point.

    Args:
        config: name of a preset, or path of a TOML file.
        kind: the class that it must be of; ``Design`` for a design point of any system.

    Raises:
        ConfigError: neither exists, the TOML does not parse, or the design point is invalid or of another kind.
    """
    path = _preset_files().get(str(config))
    if path is None:
        path = Path(config)
        if not path.is_file():
            hint = guess(str(config), preset_names())
            raise MissingError(
                f"'{config}' is neither a preset ({', '.join(preset_names(kind))}) nor a TOML file that exists{hint}"
            )
    content = read_toml(path)
    content.setdefault("name", name_from(path))
    design = parse_design(content, str(path))
    if not isinstance(design, kind):
        raise ConfigError(
            f'\'{config}\' is a design point with core = "{design.CORE}", this needs one with core = "{kind.CORE}": '
            f"{', '.join(preset_names(kind))}"
        )
    return design


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file of a person's holds.

    Raises:
        ConfigError: it cannot be read, or does not parse.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def name_from(path: Path) -> str:
    """The name of a design point whose file says none: the file's, with ``_`` for what a name cannot hold."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", path.stem)
    return (name if name[:1].isalpha() else f"design-{name}")[:NAME_LENGTH]


def parse_design(content: dict, origin: str) -> Design:
    """Validate a nested dictionary as a design point of the kind that its ``core`` says.

    Args:
        origin: names the source in the error.

    Raises:
        ConfigError: one line for each field that is wrong.
    """
    content = dict(content)
    core = content.get("core", DEFAULT_CORE)
    kind = _kind_of(core)
    if kind is None:
        legal = ", ".join(f'"{name}"' for name in registered_systems())
        raise ConfigError(f'{origin}: core = {core!r}: legal are {legal}; left out it is "{DEFAULT_CORE}"')
    if "core" not in kind.model_fields:
        content.pop("core", None)
    return validated(kind, content, origin)


def _kind_of(core: object) -> type[Design] | None:
    """The class of design points of a system by its name of today or its former one; None where there is none."""
    systems = registered_systems()
    if isinstance(core, str) and core in systems:
        return systems[core].design
    kinds = (system.design for system in systems.values())
    return next((kind for kind in kinds if core is not None and kind.FORMER_CORE == core), None)
