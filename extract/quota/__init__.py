"""The rate limiter and the quota that it knows."""
