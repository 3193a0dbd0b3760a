"""The settings of a run: their schema, loading and checks."""
