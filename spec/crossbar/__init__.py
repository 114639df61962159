"""The contract of the crossbar accelerator: design point, layout, memories, learning, registers."""
