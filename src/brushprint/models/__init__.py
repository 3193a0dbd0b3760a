"""Networks: recipes, architectures, building, weights, files, devices."""
