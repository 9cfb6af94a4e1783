"""``colmodern eval``: measure, show, compare and repeat; one file a command."""
