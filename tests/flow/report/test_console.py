"""The console: what long work says where there is no terminal."""

from __future__ import annotations

from remora.flow.report import console


def test_a_log_gets_a_line_each_minute_with_rate_and_estimate(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(console, "monotonic", lambda: now)
    console.console.cache_clear()
    with console.progress("working", 10_000, "sequences") as advance:
        advance(4000)  # done by an earlier run, in no time
        for now in (30.0, 59.0, 60.0, 61.0, 121.0):  # noqa: B007 - the clock reads it
            advance(600)
    console.console.cache_clear()
    assert capsys.readouterr().err.splitlines() == [
        "working: 5,800 of 10,000 sequences, 96.7 a second, 1 minutes left",
        "working: 7,000 of 10,000 sequences, 19.7 a second, 3 minutes left",
    ]
