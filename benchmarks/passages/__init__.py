"""How often does the passage shown hit the answer? All sets of docs/passages.md in one run."""
