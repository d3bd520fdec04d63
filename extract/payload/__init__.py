"""What the extractor reads of a fixture's JSON."""
