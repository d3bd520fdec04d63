"""The type of a fault."""

from typing import Any

Fault = dict[str, Any]
"""A fault as `simulator.faults.faults` describes it: its `kind`, where it applies, its fields."""
