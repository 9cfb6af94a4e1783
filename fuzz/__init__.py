"""Coverage-guided fuzzing of what reads untrusted bytes; see SECURITY.md and ``make fuzz``."""
