"""numpy golden model: bit-exact inference and training, data, checkpoints. Imports spec."""
