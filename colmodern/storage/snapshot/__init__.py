"""What does one committed state of an index hold? Read, searched and checked, never changed."""
