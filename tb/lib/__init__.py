"""What benches share: the register host, clocks, streams, the scoreboard."""
