"""cocotb testbenches: bus agents, trace, scoreboard, one test module a device under test. Imports spec and golden."""
