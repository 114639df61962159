"""Mutants of blocks: small mistakes that Yosys makes anywhere in a block, and whether its tests notice each."""
