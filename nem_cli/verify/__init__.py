"""`nem verify`."""
