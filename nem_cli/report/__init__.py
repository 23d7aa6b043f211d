"""What a reader sees: figures, tables, the HTML report, and the paper's published numbers."""
