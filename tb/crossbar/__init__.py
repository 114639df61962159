"""What drives the whole crossbar accelerator inside a simulation."""
