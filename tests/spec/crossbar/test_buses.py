"""No design point that is accepted asks for more signals than the generator takes; the refusal names its remedy."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from pydantic import ValidationError

from remora.spec.crossbar.buses import MOST_BITS, bundles
from remora.spec.crossbar.design import DesignPoint

TRIED = 1500
REFUSED = re.compile(r"are \d+ bits, and a block takes \d+: use at most (\d+) learning.lanes")


def corner(random: Random) -> dict:
    """Sizes at and between the ends of their ranges."""
    hidden, kind = random.choice([1, random.randint(2, 1023), 1024]), random.choice(["miru", "bmru"])
    return {
        "name": "corner",
        "network": {
            "features": random.choice([1, random.randint(2, 1023), 1024]),
            "hidden": hidden,
            "classes": random.choice([1, random.randint(2, 255), 256]),
            "max_steps": random.choice([1, 28, 4096]),
        },
        "cell": {"lanes": random.randint(1, hidden), "kind": kind},
        "formats": {"adc_bits": random.choice([8, 10])},
        "crossbar": {"rows": random.choice([8, 32, 128, 160, 512, 1024]), "columns": random.choice([128, 1024])},
        "learning": {
            "enabled": kind == "miru" and random.random() < 0.5,
            "lanes": random.choice(["all", 4]),
            "columns": random.choice([1, 4]),
            "update": random.choice(["accumulate", "direct"]),
        },
    }


def test_what_is_accepted_fits_and_what_is_refused_has_a_remedy():
    """Only learning is ever too wide, and one remedy is given, which mends all of it."""
    random, seen = Random(1), Counter()
    for _ in range(TRIED):
        content = corner(random)
        try:
            design = DesignPoint.model_validate(content)
        except ValidationError as error:
            found = REFUSED.findall(str(error))
            if not found or "; " in str(error):
                seen["other rules"] += 1
                continue
            assert len(found) == 1 and content["learning"]["enabled"] and content["learning"]["lanes"] == "all"
            seen["too wide"] += 1
            content["learning"]["lanes"] = int(found[0])
            DesignPoint.model_validate(content)
            with pytest.raises(ValidationError):
                DesignPoint.model_validate(content | {"learning": content["learning"] | {"lanes": int(found[0]) + 4}})
        else:
            seen["learns" if design.capabilities.learns else "infers"] += 1
            assert all(0 < bundle.bits <= MOST_BITS for bundle in bundles(design))
    assert all(seen[kind] > 20 for kind in ("infers", "learns", "too wide")), seen


@pytest.mark.parametrize(
    "content",
    [
        {"network": {"hidden": 512}, "crossbar": {"rows": 32}},
        {"network": {"features": 1024, "hidden": 1024}},
        {"network": {"features": 200, "hidden": 1024}, "cell": {"kind": "bmru"}},
    ],
)
def test_inference_is_never_too_wide(content):
    assert not list(bundles(DesignPoint.model_validate({"name": "wide"} | content)))


def test_the_refusal_names_what_is_too_wide_and_the_field():
    content = {"name": "wide", "network": {"features": 900, "hidden": 900}, "learning": {"enabled": True}}
    with pytest.raises(ValidationError, match="lanes is all, so the gradients and accumulators .* a block takes"):
        DesignPoint.model_validate(content)
