"""`remora import` of a crossbar design."""
