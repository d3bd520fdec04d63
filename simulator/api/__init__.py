"""The HTTP API that the simulator imitates: endpoints, pagination, quota and errors."""
