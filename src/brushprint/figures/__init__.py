"""The figures of the report, one module for each stage."""
