"""The contract: design point, number formats, tables, layout, register map and trace format. Imports nothing of
ours."""
