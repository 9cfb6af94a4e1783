"""How are several servers, each with a shard, searched as one? Statistics up, hits down, merged."""
