"""What makes releases, tables and pictures of the project; nothing of it is installed."""
