"""How are documents changed through a server? Queued on disk, written by one, in few commits."""
