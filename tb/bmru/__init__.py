"""What drives the whole BMRU accelerator inside a simulation."""
