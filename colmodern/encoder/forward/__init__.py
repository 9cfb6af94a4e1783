"""How do token ids become vectors? ModernBERT in NumPy, which defines it, and in compiled code."""
