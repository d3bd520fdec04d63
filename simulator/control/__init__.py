"""Control of a running simulator: corrections, clock, faults and the request log."""
