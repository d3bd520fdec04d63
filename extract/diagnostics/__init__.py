"""Checks of the installation, and the benchmark of batches."""
