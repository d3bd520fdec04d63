"""Runs dbt and tracks what it built."""
