"""Proofs about whole cores, put together from what each part promises the others."""

from pathlib import Path

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""
