"""What was typed, and what is shown? One file a command; every command is one library call."""
