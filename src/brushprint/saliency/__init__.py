"""Where a network looks, and whether its heatmaps can be trusted."""
