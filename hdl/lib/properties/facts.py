"""Checkers that say of two blocks what one relies on: who is at work, which settings stay, and what else holds."""

from __future__ import annotations

from remora.hdl.lib.properties.proof import LIB, Checker


def activity(given: bool, active: str, allowed: str, kept: str = "", after_reset: bool = False) -> Checker:
    """Who is at work has been allowed to begin."""
    parameters = {"AFTER_RESET": int(after_reset), "GIVEN": int(given)}
    return Checker("activity_rules", {"active": active, "allowed": allowed, "kept": kept}, parameters, LIB)


def steady(given: bool, active: str, settings: str, width: int, kept: str = "") -> Checker:
    """Settings stay while somebody is at work with them."""
    ports = {"active": active, "settings": settings, "kept": kept}
    return Checker("steady_rules", ports, {"WIDTH": width, "GIVEN": int(given)}, LIB)


def fact(situation: str, holds: str) -> Checker:
    """What holds in a situation."""
    return Checker("fact_rules", {"situation": situation, "fact": holds}, folder=LIB)
