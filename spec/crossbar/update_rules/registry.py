"""The rules of an update that there are, by ``learning.update`` of the design point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from remora.spec.crossbar.update_rules.accumulate import Accumulate
from remora.spec.crossbar.update_rules.direct import Direct
from remora.spec.crossbar.update_rules.draws import drawing_faults
from remora.spec.crossbar.update_rules.rule import MOST_NUMBER, UpdateRule
from remora.spec.lib.plugins import plugin_names, with_plugins

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

GROUP = "remora.update_rules.spec"
"""Entry points of rules of other packages."""
GOLDEN_GROUP = "remora.update_rules.golden"
HDL_GROUP = "remora.update_rules.hdl"
"""Entry points of what carries them out; these objects are of the layers above."""
UPDATE_RULES: dict[str, UpdateRule] = {
    "accumulate": Accumulate(),
    "direct": Direct(),
}


def update_rules() -> dict[str, UpdateRule]:
    """All of them by name, the bundled ones first.

    Raises:
        RemoraError: as `remora.spec.lib.plugins.with_plugins`, which names the package whose rule has a name that the
            kernel cannot have, or a number that is not one of its own.
    """
    return with_plugins(GROUP, UPDATE_RULES, _fault)


def _fault(name: str, rule: UpdateRule, others: Mapping[str, UpdateRule]) -> str | None:
    """What is wrong with a registered rule of this name."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        return "but its name is that of a function of the kernel: use small letters, digits and underscores"
    number = getattr(rule, "number", None)
    if not isinstance(number, int) or not 0 <= number <= MOST_NUMBER:
        return f"whose number is {number!r}: LEARN_CAPABILITIES.update holds whole numbers from 0 to {MOST_NUMBER}"
    for other, taken in others.items():
        if taken.number == number:
            return f"whose number {number} is that of '{other}' in LEARN_CAPABILITIES.update: give it one of its own"
    return None


def update_rule_names() -> list[str]:
    """Their names."""
    return plugin_names(GROUP, UPDATE_RULES)


def update_rule(design: DesignPoint) -> UpdateRule:
    """That of a design point."""
    return update_rules()[design.learning.update]


def rule_faults(design: DesignPoint) -> Iterator[str]:
    """What does not suit the rule of a design point, with the remedy: that nothing carries it out, what its random
    numbers ask, and what it asks itself."""
    name, rule = design.learning.update, update_rule(design)
    if name not in UPDATE_RULES:
        needed = {GOLDEN_GROUP: True, HDL_GROUP: design.learning.enabled}
        missing = [group for group, needs in needed.items() if needs and name not in plugin_names(group, ())]
        if missing:
            yield (
                f'learning.update = "{name}" has no {" and no ".join(group.rsplit(".")[-1] for group in missing)}: its '
                f"package registers it in {GROUP}, and must in {' and '.join(missing)} too; mend the package"
            )
    if rule.draws:
        yield from drawing_faults(design)
    yield from rule.faults(design)
