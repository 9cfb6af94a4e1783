"""What was measured? Reports, comparisons, and how they are shown."""
