"""Section of the design point: the memristive devices and converters as they really are."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from remora.spec.devices.presets import IDEAL, PRESET_LEVELS, preset_content, preset_names
from remora.spec.lib.identity import OUTSIDE
from remora.spec.lib.roles import ANSWERS
from remora.spec.lib.section import Section
from remora.spec.lib.validation import guess

MAX_KNOTS = 33
"""Most points of a curve."""
MAX_VALUE = 10**6
"""Largest value of a curve."""

Share = Annotated[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None, ANSWERS, OUTSIDE]
Amount = Annotated[Annotated[float, Field(ge=0, le=10**15, allow_inf_nan=False)] | None, ANSWERS, OUTSIDE]
Start = Annotated[Annotated[float, Field(gt=0, le=10**15, allow_inf_nan=False)] | None, ANSWERS, OUTSIDE]
Curve = Annotated[
    Annotated[
        tuple[Annotated[float, Field(ge=0, le=MAX_VALUE, allow_inf_nan=False)], ...],
        Field(min_length=1, max_length=MAX_KNOTS),
    ]
    | None,
    ANSWERS,
    OUTSIDE,
]
"""Values at evenly spaced conductances; one stands for all. Those of a step lie between the device's own bounds, those
of the others between no conductance and that of a full device."""

CURVES = ("raise_steps", "lower_steps", "write_noise", "slow_noise", "drift", "drift_spread")
"""Fields that are curves over the conductance."""


class Devices(Section):
    """Devices and converters of the simulated chip.

    ``model`` names a preset; every other field that is given replaces the preset's. They change no Verilog: one
    netlist serves every chip. 0 turns a non-ideality off.
    """

    model: Annotated[str, ANSWERS, OUTSIDE] = Field(IDEAL, description="a preset of devices, or ideal ones")
    seed: Annotated[int, ANSWERS, OUTSIDE] = Field(1, ge=0, le=2**32 - 1, description="which chip of its kind it is")
    on_off: Amount = Field(None, description="conductance of a full device over one at rest; 0: rest conducts nothing")
    raise_steps: Curve = Field(None, description="mean step of a raising pulse, in levels, over the device's range")
    lower_steps: Curve = Field(None, description="mean step of a lowering pulse, in levels, over the device's range")
    step_law: Annotated[str | None, ANSWERS, OUTSIDE] = Field(
        None, description='law of the spread of steps: "normal" or "lognormal"'
    )
    step_spread: Amount = Field(None, description="spread of the step from device to device, share of the step")
    step_anchor: Annotated[Annotated[float, Field(ge=0, le=0.99)] | None, ANSWERS, OUTSIDE] = Field(
        None, description="place in the range where a step keeps its size whatever the bounds; 0: a step follows them"
    )
    direction_spread: Share = Field(None, description="spread of the asymmetry of raising and lowering, share")
    rest_spread: Amount = Field(None, description="spread of the lower bound among devices, share of the range")
    full_spread: Amount = Field(None, description="spread of the upper bound among devices, share of the range")
    cycle_noise: Amount = Field(None, description="noise of a pulse, share of its step")
    cycle_noise_range: Amount = Field(None, description="further noise of a pulse, share of the range")
    write_noise: Curve = Field(
        None, description="noise of what a device shows after a pulse, share of the range, over the conductance"
    )
    read_noise: Share = Field(None, description="noise of a device, fresh at every sample, share of its conductance")
    slow_noise: Curve = Field(
        None, description="noise drawn at every ageing, share of the conductance and per root of the log of time"
    )
    slow_base: Amount = Field(None, description="log of the time at which slow noise is measured after a pulse")
    stuck_rest: Share = Field(None, description="share of devices that are stuck at rest")
    stuck_full: Share = Field(None, description="share of devices that are stuck at full")
    corrupt: Share = Field(None, description="share of devices that are stuck anywhere")
    dead_columns: Share = Field(None, description="share of a tile's bitlines of which no device conducts")
    drift: Curve = Field(None, description="mean exponent of drift, over the conductance")
    drift_spread: Curve = Field(None, description="spread of the exponent from device to device, over the conductance")
    drift_start: Start = Field(None, description="seconds after a pulse from which a device drifts")
    endurance: Amount = Field(None, description="pulses until a device is stuck where it is; 0: never")
    endurance_spread: Amount = Field(None, description="spread of the endurance from device to device, decades")
    wire_row: Amount = Field(None, description="resistance of a wordline between two bitlines, ohm")
    wire_column: Amount = Field(None, description="resistance of a bitline between two wordlines, ohm")
    full_conductance: Amount = Field(None, description="conductance of a full device, siemens")
    converter_offset: Amount = Field(None, description="spread of the converters' offsets, codes")
    converter_gain: Share = Field(None, description="spread of the converters' gains, share")
    converter_noise: Amount = Field(None, description="noise of a conversion, codes")
    plane_error: Share = Field(None, description="spread of the weights of a tile's bit planes, share")
    pulse_ns: Amount = Field(None, description="length of a programming pulse, nanoseconds; 0: as short as you like")

    @field_validator("model")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != IDEAL and value not in preset_names():
            legal = ", ".join(f"'{name}'" for name in (IDEAL, *preset_names()))
            raise ValueError(f"should be one of {legal}{guess(value, preset_names())}")
        return value

    @field_validator("step_law")
    @classmethod
    def _is_a_law(cls, value: str | None) -> str | None:
        if value not in (None, "normal", "lognormal"):
            raise ValueError("should be 'normal' or 'lognormal'")
        return value

    @field_validator(*CURVES, mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        if value is None:
            return None
        # TOML and JSON have lists, and a design point is hashed; a single number is a curve of one point.
        values = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        legal = all(type(each) in (int, float) and 0 <= each <= MAX_VALUE for each in values)
        if not legal or not 1 <= len(values) <= MAX_KNOTS:
            raise ValueError(f"should be a number from 0 to {MAX_VALUE}, or a list of 1 to {MAX_KNOTS} of them")
        return tuple(float(each) for each in values)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, content: Any) -> Any:
        # A whole number in TOML is an integer, which strict validation refuses for a float.
        if not isinstance(content, dict):
            return content
        return {
            name: float(value) if type(value) is int and name not in ("seed", "model") else value
            for name, value in content.items()
        }

    @property
    def ideal(self) -> bool:
        """No device or converter errs: the model is ideal, and nothing is given that differs from it."""
        return all(value == IDEAL_VALUES[name] for name, value in self.resolved().items())

    def steps(self, name: str, top_level: int) -> tuple[float, ...]:
        """``raise_steps`` or ``lower_steps`` in levels of a design point.

        A preset states them for `PRESET_LEVELS`, and a step is the same share of the range whatever the levels.

        Args:
            top_level: W, the levels of the range.
        """
        curve: tuple[float, ...] = self.resolved()[name]
        if self.model == IDEAL or getattr(self, name) is not None or name not in preset_content(self.model):
            return curve
        return tuple(step * top_level / (PRESET_LEVELS - 1) for step in curve)

    def resolved(self) -> dict[str, Any]:
        """Every field but model and seed: what is given here, else what the preset says, else the ideal value."""
        given = {name: value for name, value in self if name not in ("model", "seed") and value is not None}
        preset = {} if self.model == IDEAL else Devices(**preset_content(self.model)).given()
        return IDEAL_VALUES | preset | given

    def given(self) -> dict[str, Any]:
        """The fields that are given here."""
        return {name: value for name, value in self if name not in ("model", "seed") and value is not None}


IDEAL_VALUES: dict[str, Any] = {
    **{name: 0.0 for name in Devices.model_fields if name not in ("model", "seed")},
    **{name: (0.0,) for name in CURVES},
    "raise_steps": (1.0,),
    "lower_steps": (1.0,),
    "step_law": "normal",
    "drift_start": 1.0,
    "full_conductance": 1e-5,
}
"""Field → what an ideal device has; 0 means that it does not err in this way."""

NON_IDEALITIES: dict[str, tuple[str, ...]] = {
    "on_off": ("on_off",),
    "response": ("raise_steps", "lower_steps"),
    "step_spread": ("step_spread", "step_law", "direction_spread"),
    "bound_spread": ("rest_spread", "full_spread", "step_anchor"),
    "cycle_noise": ("cycle_noise", "cycle_noise_range"),
    "write_noise": ("write_noise",),
    "read_noise": ("read_noise",),
    "slow_noise": ("slow_noise", "slow_base", "drift_start"),
    "stuck": ("stuck_rest", "stuck_full"),
    "corrupt": ("corrupt",),
    "dead_columns": ("dead_columns",),
    "drift": ("drift", "drift_spread", "drift_start"),
    "endurance": ("endurance", "endurance_spread"),
    "wires": ("wire_row", "wire_column", "full_conductance", "on_off"),
    "converter_offset": ("converter_offset",),
    "converter_gain": ("converter_gain",),
    "converter_noise": ("converter_noise",),
    "plane_error": ("plane_error",),
}
"""Each non-ideality → the fields that make it; with them alone, it is the only one."""
