"""Sportmonks football data into a warehouse: the HTTP client, the dlt source, the command line."""
