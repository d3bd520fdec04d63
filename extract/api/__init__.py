"""The HTTP client of the Sportmonks API."""
