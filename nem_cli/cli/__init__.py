"""The command line: a short file a command; options, then a call."""
