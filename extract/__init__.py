"""Sportmonks football data into a warehouse: the HTTP client, the dlt source, the command line."""

__version__ = "0.2.0"
