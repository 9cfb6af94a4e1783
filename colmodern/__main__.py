"""``python -m colmodern``: the command line."""

from colmodern.cli import main

main()
