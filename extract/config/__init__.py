"""Settings and the recheck schedule."""
