"""``colmodern part``: a shard set in parts that any process of any machine can encode."""
