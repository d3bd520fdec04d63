"""Pages on the warehouse: football for the analyst, operations for the engineer."""
