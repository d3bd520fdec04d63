"""The dlt sources."""
