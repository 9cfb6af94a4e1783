"""Where do the bytes of an index live? One protocol, and the places that keep it."""

from colmodern.storage.directory.base import Directory, IndexLocation, Lock, NewFile, Scratch
from colmodern.storage.directory.local import LocalDirectory, as_directory

__all__ = [
    "Directory",
    "IndexLocation",
    "LocalDirectory",
    "Lock",
    "NewFile",
    "Scratch",
    "as_directory",
]
