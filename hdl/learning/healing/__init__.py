"""Healing: replays of the reservoir without a new sequence."""
