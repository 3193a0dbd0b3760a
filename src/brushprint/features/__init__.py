"""What the features of a trained network hold: components, clusters, maps."""
