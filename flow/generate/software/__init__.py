"""What software gets of a design point beside its registers: the packet format, and a driver in C."""
