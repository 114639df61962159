"""Labelled sequences: digits, a user's files, tasks, and keywords with their features."""
