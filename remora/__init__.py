"""Remora: generator and verification environment for mixed-signal recurrent accelerators that learn on chip.

What a program of one's own needs is imported from here; each name is loaded when it is first used::

    import remora

    design = remora.load_design("tiny").evolve(learning={"enabled": True})
    remora.generate(design, Path("out"))

The folders of this package are links to the layers beside it and to the data.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remora.flow.systems.api import (
        generate,
        import_file,
        import_weights,
        infer,
        load_checkpoint,
        load_design,
        save_checkpoint,
        simulate,
        systems,
        train,
    )
    from remora.spec.lib.section import Design

__version__ = "0.1.0"
__all__ = [
    "Design", "generate", "import_file", "import_weights", "infer", "load_checkpoint", "load_design",
    "save_checkpoint", "simulate", "systems", "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'remora' has no attribute '{name}'")
    home = "remora.spec.lib.section" if name == "Design" else "remora.flow.systems.api"
    return globals().setdefault(name, getattr(import_module(home), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
