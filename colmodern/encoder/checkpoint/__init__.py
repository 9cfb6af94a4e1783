"""What does a checkpoint folder say and hold? Sources, layouts, specifications and tensors."""
