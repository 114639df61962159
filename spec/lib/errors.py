"""Errors that a person can cause: each is shown as one clear line, never as a traceback."""

from __future__ import annotations


class RemoraError(ValueError):
    """Base of every error whose message is meant for the user: what was wrong, where, what is legal, what to do."""

    exit_code = 2
    """What the ``remora`` command exits with: it could not run."""


class CheckFailed(RemoraError):
    """The command ran, and what it checked does not hold."""

    exit_code = 1


class ConfigError(RemoraError):
    """A design point cannot be read; the message names file, field, value and what is legal."""


class MissingError(ConfigError):
    """There is no such preset and no such file."""
