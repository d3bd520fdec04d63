"""One run of the extractor."""
