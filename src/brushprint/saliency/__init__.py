"""Heatmaps that show where a network looks, and tests of whether they can be trusted."""
