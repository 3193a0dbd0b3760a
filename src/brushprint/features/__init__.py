"""Analyses of the features of a trained network: principal components, clusters and two-dimensional maps."""
