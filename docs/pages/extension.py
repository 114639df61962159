"""The Sphinx extension: parts of pages that are made from the sources, and figures that are drawn first.

In a page, a fenced block ``{generated} fields mnist`` stands for what :func:`docs.pages.fields.fields` returns for
``mnist``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.pages import (
    commands,
    coverage,
    cycles,
    fields,
    macros,
    modules,
    mutants,
    packets,
    ports,
    records,
    registers,
    verified,
)  # fmt: skip

if TYPE_CHECKING:
    from docutils.nodes import bullet_list
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

GENERATORS: dict[str, Callable[..., str]] = {
    "commands": commands.commands,
    "coverage": coverage.plan,
    "cycles": cycles.cycles,
    "derived": fields.derived,
    "enumeration": packets.enumeration,
    "fields": fields.fields,
    "module-text": packets.module_text,
    "modules": modules.index,
    "mutants": mutants.mutants,
    "parameters": macros.parameters,
    "ports": ports.ports,
    "presets": fields.presets,
    "proofs": verified.proofs,
    "records": records.records,
    "registers": registers.registers,
    "verified": verified.verified,
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


def navigate(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Have a tree of titles made of titles alone.

    Sphinx would copy every heading and every documented name of every page into every page first, and then drop them.
    """
    if "toctree" not in context:
        return
    whole, environment = context["toctree"], app.env

    def toctree(**options: Any) -> str:
        if not options.get("titles_only"):
            return whole(**options)
        tables = environment.tocs
        environment.tocs = {name: _titles(environment, name) for name in tables}
        try:
            return whole(**options)
        finally:
            environment.tocs = tables

    context["toctree"] = toctree


@cache
def _titles(environment: BuildEnvironment, page: str) -> bullet_list:
    """The table of contents of a page, without what stands below its title; trees of further pages stay."""
    from sphinx.addnodes import toctree

    table = environment.tocs[page].deepcopy()
    for title in table.children:
        if len(title) > 1:
            below = list(title.findall(toctree))
            title[1:] = [title[1]] if below else []
            if below:
                title[1].children = below
    return table


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_config_value("remora_prepare", True, "env", bool)
    app.connect("builder-inited", prepare)
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", bars)
    app.connect("autodoc-process-signature", defaults)
    # Before the theme makes its tree, at the usual 500.
    app.connect("html-page-context", navigate, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
