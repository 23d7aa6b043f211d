"""What makes the data and what is fitted to them, one kind a file."""
