"""Sign-off: what the generated hardware costs in standard cells, and how fast it is, typical and pre-layout."""
