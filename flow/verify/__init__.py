"""A run: the harness around the generated design, and its verdict."""
