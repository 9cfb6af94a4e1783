"""From a clean tree to a tag, a wheel, an sdist and notes."""
