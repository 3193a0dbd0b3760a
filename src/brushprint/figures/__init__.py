"""The figures of the report, a module for each stage."""
