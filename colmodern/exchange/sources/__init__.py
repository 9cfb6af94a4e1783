"""One module a kind of index that others make: where its codes lie, and what they are called."""
