"""Is a location a folder on this machine, or a URL? And what may be done with one.

A command line makes paths of what is typed, by which ``s3://bucket/name`` loses a slash; it is
given back here.
"""

from __future__ import annotations

from pathlib import PurePath

from colmodern.errors import ConfigError

__all__ = ["check_local", "url_of"]

_USED = ("s3", "gs", "az", "file")
_KNOWN = ("s3a", "s3n", "gcs", "adl", "azure", "abfs", "abfss", "wasb", "wasbs", "http", "https")
_SCHEMES = frozenset((*_USED, *_KNOWN, "ftp", "sftp", "hdfs"))


def url_of(location: object) -> str | None:
    """Return the URL that a location is, or None for a path; costs next to nothing.

    What begins with the name of a way to reach files and ``:/`` is a URL, whether that way can be
    gone here or not.
    """
    if isinstance(location, PurePath):
        text = location.as_posix()
    elif isinstance(location, str):
        text = location
    else:
        return None
    # A path of ``s3://`` alone has lost both.
    scheme, colon, rest = f"{text}/".partition(":/") if text.endswith(":") else text.partition(":/")
    if not colon or scheme.lower() not in _SCHEMES:
        return None
    rest = rest.lstrip("/")
    return f"file:///{rest}" if scheme.lower() == "file" else f"{scheme.lower()}://{rest}"


def check_local(location: object) -> None:
    """Check that a location is none of object storage.

    Raises:
        ConfigError: It is a URL.
    """
    url = url_of(location)
    if url is not None:
        shown = url.partition("?")[0].rpartition("@")[2]
        raise ConfigError(
            f"What is asked for needs an index on this machine, not a URL ({shown}). Fetch it with "
            "`colmodern pull URL FOLDER`, change it there, and publish it with `colmodern push "
            "FOLDER URL`.",
            code="index_is_remote",
            option="index",
            value=shown,
        )
