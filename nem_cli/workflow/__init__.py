"""Sweep, compare, figures, verify, fit and replay as functions that join the floors below."""
