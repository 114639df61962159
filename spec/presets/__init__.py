"""Named design points and the reader of the user's own TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from spec.design import DesignPoint
from spec.errors import RemoraError

_FOLDER = Path(__file__).parent


class ConfigError(RemoraError):
    """A design point cannot be read; the message names file, field, value and what is legal."""


def preset_names() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def preset_description(name: str) -> str:
    """What a preset is for: the first comment of its file."""
    first_line = (_FOLDER / f"{name}.toml").read_text(encoding="utf-8").partition("\n")[0]
    return first_line.removeprefix("#").strip()


def load_design(config: str | Path) -> DesignPoint:
    """Read a design point.

    Args:
        config: name of a preset, or path of a TOML file.

    Raises:
        ConfigError: neither exists, the TOML does not parse, or the design point is invalid.
    """
    path = _FOLDER / f"{config}.toml"
    if str(config) not in preset_names():
        path = Path(config)
        if not path.is_file():
            raise ConfigError(
                f"'{config}' is neither a preset ({', '.join(preset_names())}) nor a TOML file that exists"
            )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    content.setdefault("name", path.stem)
    return parse_design(content, str(path))


def parse_design(content: dict, origin: str) -> DesignPoint:
    """Validate a nested dictionary as a design point; ``origin`` names its source in the error.

    Raises:
        ConfigError: one line for each field that is wrong.
    """
    try:
        return DesignPoint.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{origin}: " + "; ".join(_describe(item) for item in error.errors())) from error


def _describe(item: dict) -> str:
    field = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    if not field:
        return message
    if item["type"] == "extra_forbidden":
        section = DesignPoint
        for part in item["loc"][:-1]:
            section = section.model_fields[part].annotation
        return f"{field} is not a field; legal here: {', '.join(section.model_fields)}"
    return f"{field} = {item['input']!r}: {message[0].lower() + message[1:]}"
