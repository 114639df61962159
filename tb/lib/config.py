"""What the starter of a simulation tells the test module that runs in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

CONFIG_VARIABLE = "REMORA_TEST_CONFIG"
"""Environment variable that holds the path of the JSON file."""


def load_config() -> dict[str, Any]:
    """The ``config`` that was given to ``remora.flow.tools.simulator.run``; empty where none was given."""
    path = os.environ.get(CONFIG_VARIABLE)
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
