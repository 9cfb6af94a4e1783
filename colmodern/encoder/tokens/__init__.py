"""Which token ids go through the model for a text? Tokenizer, rules, windows and sequences."""
