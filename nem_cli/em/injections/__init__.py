"""Modes of noise injection, one a file."""
