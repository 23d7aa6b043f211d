"""Laws of the hidden Z, one a file."""
