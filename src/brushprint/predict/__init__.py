"""Answers about single pictures from a folder of results, and export to ONNX."""
