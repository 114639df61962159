"""What the documentation site takes from the sources: pages that nobody copies by hand, and figures."""
