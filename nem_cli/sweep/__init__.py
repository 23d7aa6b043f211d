"""`nem sweep`."""
