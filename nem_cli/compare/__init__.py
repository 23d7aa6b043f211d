"""`nem compare`."""
