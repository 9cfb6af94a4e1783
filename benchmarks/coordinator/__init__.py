"""A coordinator over servers of shards, of which some are killed and frozen under load."""
