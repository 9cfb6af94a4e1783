"""What is kept of a checkpoint in the user's cache, because it takes long to make again."""
