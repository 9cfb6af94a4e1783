"""How is a shard set made and changed? In parts that any process can encode, then one commit."""
