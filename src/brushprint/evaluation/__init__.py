"""Measures of a detector's predictions, and of how far these measures can be trusted."""
