"""``remora doctor``."""

from __future__ import annotations

import dataclasses

import typer

from remora.flow.report.console import JsonOption, console, table, write_json


def command(json: JsonOption = None) -> None:
    """Find each tool, say its version, say the exact fix for what is missing.

    Exits with 1 where something is missing that is required.
    """
    from rich.markup import escape

    from remora.flow.tools.doctor import examine, healthy

    findings = examine()
    shown = table("", "tool", "version", "where")
    for finding in findings:
        mark = "[green]ok[/]" if finding.present else "[bold red]missing[/]" if finding.required else "[dim]optional[/]"
        shown.add_row(mark, escape(finding.name), escape(finding.version), escape(finding.where))
    console().print(shown)
    for finding in findings:
        if not finding.present:
            console().print(f"[bold]{escape(finding.name)}[/]: {escape(finding.fix)}", soft_wrap=True)
    well = healthy(findings)
    console().print(
        "[bold green]Everything that is required is there.[/]"
        if well
        else "[bold red]Something required is missing.[/]"
    )
    write_json(json, {"healthy": well, "findings": [dataclasses.asdict(finding) for finding in findings]})
    if not well:
        raise typer.Exit(1)
