"""Networks: their recipes, architectures, construction, weights, files and devices."""
