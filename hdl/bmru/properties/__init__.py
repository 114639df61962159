"""Properties of the blocks of the BMRU accelerator."""
