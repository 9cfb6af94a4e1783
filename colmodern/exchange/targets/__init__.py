"""One module a target: each has ``write(output, reader, rows)``, which returns how many rows."""
