"""The rules of an update that there are, by ``learning.update`` of the design point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora.spec.crossbar.update_rules.accumulate import Accumulate
from remora.spec.crossbar.update_rules.direct import Direct
from remora.spec.crossbar.update_rules.rule import UpdateRule
from remora.spec.lib.plugins import plugin_names, with_plugins

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

GROUP = "remora.update_rules.spec"
"""Entry points of rules of other packages."""
UPDATE_RULES: dict[str, UpdateRule] = {
    "accumulate": Accumulate(),
    "direct": Direct(),
}


def update_rules() -> dict[str, UpdateRule]:
    """All of them by name, the bundled ones first.

    Raises:
        RemoraError: as `remora.spec.lib.plugins.with_plugins`.
    """
    return with_plugins(GROUP, UPDATE_RULES)


def update_rule_names() -> list[str]:
    """Their names."""
    return plugin_names(GROUP, UPDATE_RULES)


def update_rule(design: DesignPoint) -> UpdateRule:
    """That of a design point."""
    return update_rules()[design.learning.update]
