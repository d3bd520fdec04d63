"""Where fixtures and reference data come from: the interface, the clock, and saved responses."""
