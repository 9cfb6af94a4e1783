"""How often does the passage shown hit the answer? All sets of docs/lab/passages.md."""
