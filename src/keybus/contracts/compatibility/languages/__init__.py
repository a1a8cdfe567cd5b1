"""Regular languages: reading patterns, and finding texts that some match and others do not."""
