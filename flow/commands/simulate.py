"""``remora simulate``."""

from __future__ import annotations

from remora.flow.report.console import JsonOption, check_results, console, write_json
from remora.flow.systems.options import SimulateOptions
from remora.flow.systems.system_options import Chosen, design_command


@design_command("simulate", SimulateOptions, extra="sim")
def command(chosen: Chosen, json: JsonOption = None) -> None:
    """Run the generated Verilog on real data under Verilator and compare every step with golden.

    With --gates the netlist of standard cells takes the place of the Verilog, on Icarus Verilog, whose bits may be
    unknown. Monitors and comparison are the same, and an unknown bit where one is compared ends the run.

    Exits 1 at any difference and shows the first one in context.

    Examples: remora simulate mnist --limit 500 --json result.json · remora simulate mnist --learn · remora simulate
    mnist --learn --tasks 2 --limit 1000 · remora simulate tiny --waves tiny.vcd · remora simulate tiny --toggles
    tiny.saif --json tiny.json · remora simulate tiny --gates · remora simulate kws --noise --json kws.json
    """
    from remora.flow.systems.api import simulate
    from remora.flow.tools.build import check_waves, wave_format
    from remora.flow.tools.icarus import find_icarus
    from remora.flow.tools.opensta import find_cells
    from remora.flow.verify.simulation import check_kept, check_recorded
    from remora.spec.lib.extras import require_extra

    options = chosen.options
    if options.gates:
        require_extra("remora simulate --gates", "signoff")
        find_cells()
        find_icarus()
    if options.waves:
        check_waves(wave_format(options.waves))
    check_results(options.waves, options.toggles, json, beside=[chosen.config, *options.paths()])
    check_kept(options.keep)
    check_recorded(options.waves, options.toggles, options.gates)
    simulated = simulate(chosen.design, **vars(options))
    console().print(simulated.table())
    write_json(json, simulated.result)
    simulated.check()
    console().print("[bold green]hardware and golden agree exactly[/bold green]")
