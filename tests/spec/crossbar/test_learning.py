"""What learning agrees on: bounds of its quantities, and a switch that leaves designs without it as they were."""

from __future__ import annotations

from hypothesis import given, settings

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import delta_bound, feedback_bound, gradient_bound
from tests.golden.designs import design_points

DEFAULT = DesignPoint(name="default")


def test_bounds_of_the_default_design():
    assert feedback_bound(DEFAULT) == 10 * 255
    assert delta_bound(DEFAULT) == (10 * 255 * 255 + 256) >> 9 == 1270
    assert gradient_bound(DEFAULT) == 28 * 255 * 1270


@settings(max_examples=50)
@given(design_points())
def test_the_switch_enters_the_hash_only_where_it_is_on(design):
    learns = design.evolve(learning={"enabled": True})
    assert design.evolve(learning={"enabled": False}).hash == design.hash != learns.hash
    assert DesignPoint(**learns.model_dump()).hash == learns.hash
