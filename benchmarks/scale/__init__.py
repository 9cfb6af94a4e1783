"""What would 10^7 and 10^8 documents need? From rates that were measured, by formulas."""
