"""Stop rules, one a file."""
