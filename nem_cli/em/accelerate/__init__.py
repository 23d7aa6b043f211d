"""Accelerators of EM, one a file, and what they see of EM."""
