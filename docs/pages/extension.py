"""The Sphinx extension: parts of pages that are made from the sources, and figures that are drawn first.

In a page, a fenced block ``{generated} fields mnist`` stands for what :func:`docs.pages.fields.fields` returns for
``mnist``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from docs.pages import commands, cycles, fields, macros, modules, packets, ports, records, registers

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GENERATORS: dict[str, Callable[..., str]] = {
    "commands": commands.commands,
    "cycles": cycles.cycles,
    "derived": fields.derived,
    "enumeration": packets.enumeration,
    "fields": fields.fields,
    "module-text": packets.module_text,
    "modules": modules.index,
    "parameters": macros.parameters,
    "ports": ports.ports,
    "presets": fields.presets,
    "records": records.records,
    "registers": registers.registers,
}
"""Name in a page → what makes the Markdown."""


BLOCK = re.compile(r"^```\{generated\} (.+)\n```$", re.MULTILINE)


def expand(text: str) -> str:
    """A page with every generated block replaced by what its generator makes.

    Raises:
        KeyError: there is no such generator.
    """

    def made(block: re.Match[str]) -> str:
        name, *arguments = block[1].split()
        return GENERATORS[name](*arguments)

    return BLOCK.sub(made, text)


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """Expand a page that Sphinx has read."""
    source[0] = expand(source[0])


def prepare(app: Sphinx) -> None:
    """Write the pages and figures that other pages refer to, unless ``remora_prepare`` is 0."""
    if not app.config.remora_prepare:
        return
    from docs.pages.figures import write_figures

    modules.write_reference(Path(app.srcdir) / "reference" / "modules")
    write_figures(Path(app.srcdir) / "figures")


LITERAL = re.compile(r"(``.*?``|`.*?`)", re.DOTALL)


def bars(app: Sphinx, what: str, name: str, of: object, options: object, lines: list[str]) -> None:
    """Escape the bars of ``|x|`` in a docstring, which are magnitudes here and substitutions in reStructuredText."""
    parts = LITERAL.split("\n".join(lines))
    parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
    lines[:] = "".join(parts).split("\n")


def defaults(
    app: Sphinx, what: str, name: str, of: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Write the default of a field that a factory makes so that Sphinx can read the signature."""
    return signature and signature.replace("<factory>", "..."), returned


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_config_value("remora_prepare", True, "env", bool)
    app.connect("builder-inited", prepare)
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", bars)
    app.connect("autodoc-process-signature", defaults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
