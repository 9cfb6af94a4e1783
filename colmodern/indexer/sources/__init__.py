"""Where do documents come from? Files, texts, arrays and Arrow, as one stream of batches."""
