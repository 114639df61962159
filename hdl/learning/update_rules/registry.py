"""The rules of an update that there are, by ``learning.update`` of the design point."""

from __future__ import annotations

from remora.hdl.learning.update_rules.accumulate import Accumulate
from remora.hdl.learning.update_rules.direct import Direct
from remora.hdl.learning.update_rules.rule import UpdateRule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.update_rules.registry import HDL_GROUP
from remora.spec.lib.plugins import with_plugins

UPDATE_RULES: dict[str, type[UpdateRule]] = {
    "accumulate": Accumulate,
    "direct": Direct,
}


def update_rules() -> dict[str, type[UpdateRule]]:
    """All of them by name, the bundled ones first.

    Raises:
        RemoraError: as `remora.spec.lib.plugins.with_plugins`.
    """
    return with_plugins(HDL_GROUP, UPDATE_RULES)


def make_rule(design: DesignPoint) -> UpdateRule:
    """The rule of a design point."""
    return update_rules()[design.learning.update](design)
