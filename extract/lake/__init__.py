"""The lake: a copy of the raw tables as Delta tables, for engines that run on many machines."""
