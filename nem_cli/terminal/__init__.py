"""What every command shares: options, tables, progress, messages and exit codes."""
