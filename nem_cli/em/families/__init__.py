"""Mixture families, one a file."""
