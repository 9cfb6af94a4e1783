"""What does training read? Sources, pairs, pieces, negatives, lists, and the batches of a step."""
