"""Policies of a pair of devices: how learning and the weight window program it."""
