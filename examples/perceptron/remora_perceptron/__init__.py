"""Perceptrons: one crossbar layer with a decision, as a system of Remora."""
