"""Style, axes, curves, heatmaps and tables."""
