"""numpy golden model: bit-exact inference and training, data, checkpoints. Imports spec.

Rules with a number, such as rule L3, are those of ``docs/reference/arithmetic.md``.
"""
