"""Predictions for single pictures from a folder of results, and export to ONNX."""
