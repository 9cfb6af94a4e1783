"""What do the bytes of an index mean? FORMAT.md as values and arrays; no disk is touched here."""
