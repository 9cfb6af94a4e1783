"""How does an index change? One writer, one commit at a time."""
