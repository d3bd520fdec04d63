"""Finds the fixtures that are due, and estimates their cost."""
