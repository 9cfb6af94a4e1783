"""Our engine and its peers, measured on the same token vectors."""
