"""Remora: generator and verification environment for mixed-signal recurrent accelerators that learn on chip.

The folders of this package are links to the layers beside it and to the data.
"""

__version__ = "0.1.0"
