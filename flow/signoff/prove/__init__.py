"""Proofs of properties: the harness, its tasks for SymbiYosys, and what is known of them already."""
