"""Properties of blocks that every system has, and what a proof is: rules in SystemVerilog, bound to hardware."""
