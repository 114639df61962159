"""pytest: mirrors the tree; starts the tb modules on Verilator."""
