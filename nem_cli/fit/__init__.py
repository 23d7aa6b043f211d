"""`nem fit`."""
