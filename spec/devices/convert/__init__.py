"""Other simulators' configurations of devices, as fields of the section ``[devices]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remora.spec.devices.convert import aihwkit, crosssim
from remora.spec.devices.convert.found import Conversion
from remora.spec.lib.errors import ConfigError

__all__ = ["Conversion", "convert"]


def convert(content: object, origin: str) -> Conversion:
    """Fields of devices, of the parameters of a device of aihwkit or of CrossSim.

    Args:
        content: what the JSON holds: ``dataclasses.asdict`` of a device of aihwkit, alone or as ``device`` of its RPU
            configuration, or ``as_dict()`` of CrossSim's parameters, of its device alone or of a whole core.
        origin: names the source in the error.

    Raises:
        ConfigError: it is neither, or a parameter is not of its kind.
    """
    if not isinstance(content, Mapping) or not content:
        raise ConfigError(f"{origin} should hold one object of parameters by name, as JSON")
    given: Mapping[str, Any] = content
    for reader in (aihwkit.read, crosssim.read):
        try:
            if (made := reader(given)) is not None:
                return made
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise ConfigError(f"{origin}: {error}") from error
        except OverflowError as error:
            raise ConfigError(f"{origin}: a parameter is too large to compute with: {error}") from error
    raise ConfigError(
        f"{origin} holds no device of aihwkit (such as dw_min, w_max) and none of CrossSim (such as Rmin, Rmax): "
        "write dataclasses.asdict of the one, or as_dict() of the other, as JSON"
    )
