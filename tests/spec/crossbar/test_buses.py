"""No design point that is accepted asks for more signals than the generator takes; every refusal names a remedy."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from pydantic import ValidationError

from remora.spec.crossbar.buses import MOST_BITS, bundles
from remora.spec.crossbar.design import DesignPoint

TRIED = 1500
REFUSED = re.compile(r"are \d+ bits, and a block takes \d+: use (crossbar\.rows of|at most|fewer) (\d+)?")


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
        "learning": {"enabled": kind == "miru" and random.random() < 0.5, "lanes": random.choice(["all", 4])},
    }


def test_what_is_accepted_fits_and_what_is_refused_has_a_remedy():
    random, seen = Random(1), Counter()
    for _ in range(TRIED):
        content = corner(random)
        try:
            design = DesignPoint.model_validate(content)
        except ValidationError as error:
            found = REFUSED.findall(str(error))
            if not found or str(error).count("; ") + 1 > len(found):
                seen["other rules"] += 1
                continue
            seen.update({kind for kind, _ in found})
            for kind, number in found:
                if kind == "crossbar.rows of":
                    content["crossbar"]["rows"] = int(number)
                elif kind == "at most":
                    lanes = content["learning"]["lanes"]
                    content["learning"]["lanes"] = min([int(number), *([lanes] if lanes != "all" else [])])
            if not any(kind == "fewer" for kind, _ in found):
                DesignPoint.model_validate(content)
        else:
            seen["accepted"] += 1
            assert all(0 < bundle.bits <= MOST_BITS for bundle in bundles(design))
    assert all(seen[kind] > 20 for kind in ("accepted", "crossbar.rows of", "at most")), seen


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"network": {"hidden": 512}, "crossbar": {"rows": 32}}, "codes of both layers' row tiles are"),
        ({"network": {"features": 1024, "hidden": 1024}}, "codes of both layers' row tiles are"),
        ({"network": {"features": 200, "hidden": 1024}, "cell": {"kind": "bmru"}}, "codes and currents of the hidden"),
        ({"network": {"features": 900, "hidden": 900}, "learning": {"enabled": True}}, "gradients and accumulators"),
    ],
)
def test_the_refusal_names_what_is_too_wide_and_the_field(content, message):
    with pytest.raises(ValidationError, match=f"{message}.* a block takes 65536: use "):
        DesignPoint.model_validate({"name": "wide"} | content)
