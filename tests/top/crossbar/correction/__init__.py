"""The corrections of columns."""
