"""``remora faults``."""

from __future__ import annotations

from remora.flow.report.console import JsonOption, check_results, console, progress, table, write_json
from remora.flow.systems.options import FaultsOptions
from remora.flow.systems.system_options import Chosen, design_command


@design_command("faults", FaultsOptions, config="tiny", extra="sim")
def command(chosen: Chosen, json: JsonOption = None) -> None:
    """Put one deliberate mistake after the other into the generated Verilog and see that the regression notices each.

    The sound design must pass the very run that every faulty one must fail. Exits 1 if a fault survives.

    Examples: remora faults tiny --json faults.json · remora faults kws
    """
    from remora.flow.report.notes import say_notes
    from remora.flow.report.provenance import provenance
    from remora.spec.lib.errors import CheckFailed

    design = chosen.design
    say_notes(design)
    check_results(json, beside=[chosen.config])
    with console(stderr=True).status("building the sound design and the faulty one"):
        bench = chosen.system.fault_bench(design, chosen.options)
    for programs in (False, True):
        if bench.run_sound(programs).failure():
            raise CheckFailed("the sound design does not pass, so the faults say nothing: see `remora simulate`")
    if bench.verdict(0).noticed:
        raise CheckFailed("the netlist with all faults asleep does not pass, so the faults say nothing")
    verdicts = []
    with progress("injecting", len(bench.faults), "faults") as advance:
        for verdict in bench.verdicts():
            verdicts.append(verdict)
            advance(1)

    shown = table("fault", "what it breaks", "noticed by", "first evidence", title=f"{design.name}: test of the tests")
    for verdict in verdicts:
        noticed = verdict.noticed or "[bold red]nothing[/]"
        shown.add_row(verdict.fault.name, verdict.fault.breaks, noticed, verdict.evidence)
    console().print(shown)
    survivors = [verdict.fault.name for verdict in verdicts if not verdict.noticed]
    write_json(
        json,
        {
            "design": design.name,
            "design_hash": design.hash,
            "faults": [
                {"name": v.fault.name, "breaks": v.fault.breaks, "noticed": v.noticed, "evidence": v.evidence}
                for v in verdicts
            ],
            "survivors": survivors,
            **provenance(chosen.options.seed),
        },
    )
    if survivors:
        raise CheckFailed(f"{len(survivors)} of {len(verdicts)} faults survive: {', '.join(survivors)}")
    console().print(f"[bold green]all {len(verdicts)} faults are noticed[/bold green]")
