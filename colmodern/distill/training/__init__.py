"""How is a student trained? The warm start, the phases, their progress and their checkpoints."""
