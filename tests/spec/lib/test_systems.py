"""The systems that are installed: found by entry point, and a clear line where something is wrong with one."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from remora.spec.lib import systems
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.systems import GROUP, registered_systems


@pytest.fixture
def install(monkeypatch):
    """Replaces what is installed; all is as it was afterwards."""
    registered_systems.cache_clear()

    def replace(*points: tuple[str, str]) -> None:
        found = [EntryPoint(name, value, GROUP) for name, value in points]
        monkeypatch.setattr(systems, "entry_points", lambda group: found if group == GROUP else [])

    yield replace
    registered_systems.cache_clear()


def test_the_bundled_ones_come_first_and_know_their_design_points():
    found = registered_systems()
    assert list(found)[:2] == ["crossbar", "bmru"]
    assert all(system.design.CORE == name and system.presets.is_dir() for name, system in found.items())


CROSSBAR = "remora.flow.systems.crossbar.system:CROSSBAR"


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], r"no system is installed .*run `make setup`"),
        ([("crossbar", CROSSBAR), ("crossbar", CROSSBAR)], "two packages register system 'crossbar'"),
        (
            [("crossbar", CROSSBAR), ("gone", "no_such_package:X")],
            "'gone' .* cannot be loaded: ModuleNotFoundError",
        ),
        ([("other", CROSSBAR)], "system 'other' .* is no system of that name"),
    ],
)
def test_what_is_wrong_is_one_line(install, points, message):
    install(*points)
    with pytest.raises(RemoraError, match=message) as caught:
        registered_systems()
    assert "\n" not in str(caught.value)
