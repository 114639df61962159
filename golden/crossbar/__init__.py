"""Inference of the crossbar accelerator, bit by bit: arrays, cells, weights."""
