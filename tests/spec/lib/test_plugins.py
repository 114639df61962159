"""Members that packages add to a registry: found by entry point, and a clear line where something is wrong with one."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from remora.golden.learning.kernel.update_rules.registry import HEADERS, rule_index
from remora.golden.learning.update_rules.registry import UPDATE_RULES as OF_GOLDEN
from remora.hdl.learning.update_rules.registry import UPDATE_RULES as OF_HARDWARE
from remora.spec.crossbar.update_rules.registry import GROUP, UPDATE_RULES, update_rule_names, update_rules
from remora.spec.crossbar.update_rules.rule import MOST_NUMBER
from remora.spec.lib import plugins
from remora.spec.lib.errors import ConfigError, RemoraError
from tests.golden.designs import DESIGNS

THIRD = UPDATE_RULES["accumulate"]
POINT = f"{__name__}:THIRD"


@pytest.fixture
def install(monkeypatch):
    """Adds entry points; all is as it was afterwards."""

    def add(*points: tuple[str, str]) -> None:
        found = [EntryPoint(name, value, GROUP) for name, value in points]
        monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == GROUP else [])
        for function in (plugins._points, plugins._installed):
            function.cache_clear()

    yield add
    for function in (plugins._points, plugins._installed):
        function.cache_clear()


def test_every_room_has_every_rule_of_an_update():
    """And each rule has a number of its own in the register map."""
    assert list(UPDATE_RULES) == list(OF_GOLDEN) == list(OF_HARDWARE) == list(HEADERS)
    assert all(header.is_file() for header in HEADERS.values())
    numbers = [rule.number for rule in UPDATE_RULES.values()]
    assert len({*numbers}) == len(numbers) > 1 and 0 <= min(numbers) <= max(numbers) <= MOST_NUMBER


def test_a_rule_of_a_package_is_legal(install):
    """Its name stands last, and what no header compiles says so."""
    install(("third", POINT))
    assert update_rule_names() == [*UPDATE_RULES, "third"] == list(update_rules())
    assert DESIGNS["tiny"].evolve(learning={"update": "third"}).learning.update == "third"
    with pytest.raises(RemoraError, match='learning.update = "third" is not compiled: register a header in remora'):
        rule_index("third")


def test_an_unknown_rule_is_refused(install):
    with pytest.raises(ConfigError, match="should be 'accumulate' or 'direct'"):
        DESIGNS["tiny"].evolve(learning={"update": "third"})
    install(("third", POINT))
    with pytest.raises(ConfigError, match="'thirt': input should be 'accumulate', 'direct' or 'third'; did you mean"):
        DESIGNS["tiny"].evolve(learning={"update": "thirt"})


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([("direct", POINT)], f"package of no name registers 'direct' in {GROUP}, where it is already"),
        ([("third", POINT), ("third", POINT)], "registers 'third' in .*, where it is already: remove one"),
        ([("third", "no_such_package:X")], r"'third' of package of no name .* cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_one_line(install, points, message):
    install(*points)
    with pytest.raises(RemoraError, match=message) as caught:
        update_rules()
    assert "\n" not in str(caught.value)
