"""Faults that tests switch on: wrong statuses, bodies, rows and connections."""
