"""Devices of CrossSim, by the JSON of its parameters: range, read noise, programming error, wires.

Its conductances ``1/Rmax … 1/Rmin`` are rest … full here, and 1 is the conductance of a full device. It has no law of
pulses: a strobe programs one level, and the programming error is what a device shows after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from remora.spec.devices.convert.found import Conversion, Parameters, shortened
from remora.spec.devices.tables import KNOTS

ERRORS: Mapping[str, Callable[[float, float], float]] = {
    "NormalIndependentDevice": lambda x, magnitude: magnitude,
    "NormalProportionalDevice": lambda x, magnitude: magnitude * x,
}
"""Models of errors → deviation at a conductance, both over that of a full device, of a magnitude."""
FITS: Mapping[str, tuple[float, tuple[float, ...]]] = {
    "PCMJoshi": (25.0, (0.28638599, 0.07585724, -0.00178767)),
    "RRAMMilo": (225.0, (4.782, -0.009107)),
    "RRAMWan": (39.26, (1.053, 0.2374, -1.167e-2, 1.536e-4)),
}
"""Fitted models of programming errors → conductance of a full device in µS, and deviation in µS as a polynomial of the
conductance in µS: Joshi et al., Nat. Commun. 11, 2473; Milo et al., IRPS 2021, 9405119; Wan et al., Nature 2022,
s41586-022-04992-8."""


def read(content: Mapping[str, Any]) -> Conversion | None:
    """Fields of a device of CrossSim; None where these are no parameters of one.

    Args:
        content: ``as_dict()`` of the parameters of a core, of its crossbar (``xbar``), or of the device alone.

    Raises:
        ValueError: a parameter is not of its kind.
    """
    xbar = content.get("xbar", content)
    device = xbar.get("device", xbar) if isinstance(xbar, Mapping) else None
    if not isinstance(device, Mapping) or not {"Rmin", "Rmax"} & device.keys():
        return None
    given = Parameters(device)
    least, most = given.number("Rmin", 1000), given.number("Rmax", 10000)
    if not 0 < least < most:
        raise ValueError(f"Rmin = {least:g} and Rmax = {most:g} should be 0 < Rmin < Rmax")
    endless = given.flag("infinite_on_off_ratio")
    ratio = 0.0 if endless else most / least
    given.give("on_off", ratio, "Rmax over Rmin")
    given.give("full_conductance", 1 / least, "1 / Rmin")
    span = 1 - (1 / ratio if ratio else 0)
    _programming(given, _error(given, "programming_error"), span)
    _read_noise(given, _error(given, "read_noise"))
    for name in ("drift_error", "nonlinear_IV"):
        if (found := _error(given, name)) is not None:
            given.left.append(f"{name}: model {found[0]!r} has no counterpart; state drift and drift_spread yourself")
    given.leave("cell_bits", "levels are crossbar.levels")
    given.leave("time", "time passes between sequences")
    given.leave("Vread", "voltages are none of the rules")
    given.leave("clip_conductance", "a device conducts 0 to twice what a full one does")
    given.unknown("unknown here")
    if isinstance(xbar, Mapping) and xbar is not device:
        _wires(given, xbar.get("array"))
        others = [name for name in xbar if name not in ("device", "array")]
        given.left += [f"xbar.{name}: no parameter of the devices" for name in others]
    if xbar is not content:
        given.left += [f"{name}: no parameter of the crossbar" for name in content if name != "xbar"]
    return given.conversion("CrossSim")


def _error(given: Parameters, name: str) -> tuple[str, float] | None:
    """Model and magnitude of an error; None where it is off."""
    given.read.add(name)
    content = given.given.get(name)
    if content is None:
        return None
    if not isinstance(content, Mapping):
        raise ValueError(f"{name} should be an object of parameters")
    inner = Parameters(content)
    model = content.get("model", "IdealDevice")
    inner.read.update(("model", "lumped"))
    magnitude = inner.number("magnitude")
    enabled = inner.flag("enable")
    inner.unknown("unknown here")
    given.left += [f"{name}.{line}" for line in inner.left]
    return (str(model), magnitude) if enabled and model != "IdealDevice" else None


def _programming(given: Parameters, error: tuple[str, float] | None, span: float) -> None:
    if error is None:
        return
    model, magnitude = error
    positions = [position / (KNOTS - 1) for position in range(KNOTS)]
    if model in FITS:
        full, polynomial = FITS[model]
        values = [sum(c * (full * x) ** power for power, c in enumerate(polynomial)) / full for x in positions]
    elif model in ERRORS:
        values = [ERRORS[model](x, magnitude) for x in positions]
    else:
        given.left.append(f"programming_error: model {model!r} has no counterpart; state write_noise yourself")
        return
    curve = tuple(max(0.0, value) / span for value in values)
    given.give("write_noise", shortened(curve), f"programming_error, {model}")


def _read_noise(given: Parameters, error: tuple[str, float] | None) -> None:
    if error is None:
        return
    model, magnitude = error
    if model == "NormalProportionalDevice":
        given.give("read_noise", magnitude, "read_noise, proportional to the conductance")
    else:
        given.left.append(f"read_noise: model {model!r} has no counterpart: read noise is proportional to conductance")


def _wires(given: Parameters, array: object) -> None:
    if not isinstance(array, Mapping):
        return
    inner = Parameters(array)
    inner.leave("Icol_max", "a bitline's current has no bound")
    inner.read.add("parasitics")
    inner.unknown("unknown here")
    given.left += [f"array.{line}" for line in inner.left]
    parasitics = array.get("parasitics")
    if not isinstance(parasitics, Mapping):
        return
    wires = Parameters(parasitics)
    on = wires.flag("enable")
    row, column = wires.number("Rp_row"), wires.number("Rp_col")
    if on:
        given.give("wire_row", row, "Rp_row")
        given.give("wire_column", column, "Rp_col")
    for name in ("Rp_row_terminal", "Rp_col_terminal"):
        wires.leave(name, "wires end without a resistance")
    wires.read.update(("current_from_input", "selected_rows", "gate_input"))
    wires.unknown("unknown here")
    given.left += [f"parasitics.{line}" for line in wires.left]
