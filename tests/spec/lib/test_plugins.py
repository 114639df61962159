"""Members that packages add to a registry: found by entry point, and a clear line where something is wrong with one."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from remora.golden.learning.kernel.update_rules.registry import GROUP as KERNEL_GROUP
from remora.golden.learning.kernel.update_rules.registry import HEADERS, rule_headers, rule_index
from remora.golden.learning.update_rules.registry import UPDATE_RULES as OF_GOLDEN
from remora.hdl.learning.update_rules.registry import UPDATE_RULES as OF_HARDWARE
from remora.spec.crossbar.update_rules.registry import (
    GOLDEN_GROUP,
    GROUP,
    HDL_GROUP,
    UPDATE_RULES,
    update_rule_names,
    update_rules,
)
from remora.spec.crossbar.update_rules.rule import MOST_NUMBER
from remora.spec.lib import plugins
from remora.spec.lib.errors import ConfigError, RemoraError
from tests.golden.designs import DESIGNS


def numbered(number: object, draws: bool = False) -> SimpleNamespace:
    """A rule of this number that is otherwise a bundled one."""
    rule = UPDATE_RULES["accumulate"]
    return SimpleNamespace(
        number=number, accumulates=True, draws=draws, faults=rule.faults, legal_level=rule.legal_level
    )


DRAWS = numbered(2, draws=True)
THIRD, SAME, LARGE, SMALL, WORD = (numbered(number) for number in (2, 1, 16, -1, "two"))
POINT = f"{__name__}:THIRD"


@pytest.fixture
def install(monkeypatch):
    """Adds entry points to groups; all is as it was afterwards."""

    def add(*points: tuple[str, str], groups: tuple[str, ...] = (GROUP, GOLDEN_GROUP, HDL_GROUP)) -> None:
        found = {group: [EntryPoint(name, value, group) for name, value in points] for group in groups}
        monkeypatch.setattr(plugins, "entry_points", lambda group: found.get(group, []))
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
        rule_headers("third")
    with pytest.raises(RemoraError, match='learning.update = "third" is not in this library: compile one for it'):
        rule_index("third")


@pytest.mark.parametrize(
    ("groups", "enabled", "message"),
    [
        (
            (GROUP, HDL_GROUP),
            False,
            f"has no golden: its package registers it in {GROUP}, and must in {GOLDEN_GROUP} too",
        ),
        ((GROUP, GOLDEN_GROUP), True, f"has no hdl: its package registers it in {GROUP}, and must in {HDL_GROUP} too"),
        (
            (GROUP,),
            True,
            f"has no golden and no hdl: .*, and must in {GOLDEN_GROUP} and {HDL_GROUP} too; mend the package",
        ),
        ((GROUP, GOLDEN_GROUP), False, None),
    ],
)
def test_what_carries_a_rule_out_is_registered_too(install, groups, enabled, message):
    """Golden always, the hardware where it learns."""
    install(("third", POINT), groups=groups)
    learning = {"update": "third", "enabled": enabled}
    if message is None:
        assert DESIGNS["tiny"].evolve(learning=learning).learning.update == "third"
        return
    with pytest.raises(ConfigError, match=f'learning.update = "third" {message}'):
        DESIGNS["tiny"].evolve(learning=learning)


def test_a_header_is_a_path_and_is_loaded_for_its_own_rule_alone(install):
    install(("third", POINT), ("gone", "no_such_package:X"), groups=(KERNEL_GROUP,))
    assert rule_headers() == rule_headers("direct") == HEADERS
    with pytest.raises(RemoraError, match="'gone' .* cannot be loaded"):
        rule_headers("third")
    install(("third", POINT), groups=(KERNEL_GROUP,))
    with pytest.raises(RemoraError, match="'third' in .* must be the path of a header"):
        rule_headers("third")
    install(("third", f"{__name__}:__file__"), groups=(KERNEL_GROUP,))
    assert rule_headers("third") == HEADERS | {"third": Path(__file__)}
    assert [rule_index(name, "third") for name in rule_headers("third")] == [0, 1, 2]


def test_every_rule_that_draws_asks_for_what_drawing_takes(install):
    """As "direct" does, though it asks nothing itself."""
    install(("third", f"{__name__}:DRAWS"))
    levels, lanes = {"update": "third", "accumulator_level": 300}, {"update": "third", "lanes": 3}
    with pytest.raises(ConfigError, match="300, which is no power of two, but learning.update = .third. rounds"):
        DESIGNS["tiny"].evolve(learning=levels)
    with pytest.raises(ConfigError, match="lanes is 3, but with learning.update = .third. a draw serves 4 rows"):
        DESIGNS["tiny"].evolve(learning=lanes | {"accumulator_level": 256})
    install(("third", POINT))
    for learning in (levels, lanes):
        assert DESIGNS["tiny"].evolve(learning=learning).learning.update == "third"


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
        (
            [("third", f"{__name__}:SAME")],
            "of no name registers 'third' in .*, whose number 1 is that of 'direct' in LEARN",
        ),
        (
            [("a", POINT), ("b", POINT)],
            "registers 'b' in .*, whose number 2 is that of 'a' in .*give it one of its own",
        ),
        (
            [("third", f"{__name__}:LARGE")],
            "registers 'third' in .*, whose number is 16: .*holds whole .* from 0 to 15",
        ),
        ([("third", f"{__name__}:SMALL")], "whose number is -1: LEARN_CAPABILITIES.update holds"),
        ([("third", f"{__name__}:WORD")], "whose number is 'two': LEARN_CAPABILITIES.update holds"),
        ([("third", f"{__name__}:GROUP")], "whose number is None: LEARN_CAPABILITIES.update holds"),
        ([("th-ird", POINT)], "registers 'th-ird' in .*, but its name is .* function of the kernel: use small letters"),
        ([("third", "no_such_package:X")], r"'third' of package of no name .* cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_one_line(install, points, message):
    install(*points)
    with pytest.raises(RemoraError, match=message) as caught:
        update_rules()
    assert "\n" not in str(caught.value)
