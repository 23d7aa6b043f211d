"""Start rules, one a file."""
