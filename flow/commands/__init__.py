"""Commands of ``remora``, one module each: thin, they read arguments, call the step behind them, and show its result.

A module has either ``command``, a function with typer's annotations, or ``app``, a typer application with subcommands.
"""
