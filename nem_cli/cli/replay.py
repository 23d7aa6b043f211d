"""`nem replay`."""
