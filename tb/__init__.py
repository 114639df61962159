"""cocotb testbenches: bus agents, trace, scoreboard, one test module a device under test. Imports spec and golden."""

from remora.spec.lib.collector import search_seldom

search_seldom()
