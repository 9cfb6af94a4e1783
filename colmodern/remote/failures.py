"""What does it mean when an object store fails? In plain words, with a code, without secrets.

What obstore says holds addresses and signatures, so nothing of it is passed on but the number and
the name that the store gives its answer.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from colmodern.errors import ColModernError, ConfigError, RemoteError

__all__ = ["ObjectMissingError", "check_endpoint", "remote_calls"]

_STATUS = re.compile(r"status code: ([0-9]{3})")
_OF_SYSTEM = re.compile(r"os error ([0-9]{1,9})")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EROFS}
_NAMED = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_NO_CREDENTIALS = (
    *("169.254.169.254", "metadata.google.internal", "token request", "MissingAccount"),
    *("Account must be specified", "MissingCredentials", "Missing credentials"),
)
_REFUSALS = {"PermissionDeniedError", "UnauthenticatedError"}
_OF_REGION = {"301", "307", "400"}
_BAD_SETTINGS = ("builder error", "Config error", "Unable to parse")
_ENDPOINTS = {"s3": "AWS_ENDPOINT_URL", "gs": "GOOGLE_BASE_URL", "az": "AZURE_STORAGE_ENDPOINT"}
_ADDRESSES = {
    "s3": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_ALLOWING = {"s3": "AWS_ALLOW_HTTP", "gs": "GOOGLE_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP"}


class ObjectMissingError(Exception):
    """There is no object of this name; whoever asked knows what that means.

    Attributes:
        name: The object, where it is known.
    """

    def __init__(self, url: str, *, name: str | None = None) -> None:
        """Keep the name."""
        super().__init__(url)
        self.name = name


@contextmanager
def remote_calls(url: str) -> Iterator[None]:
    """Turn what obstore raises in the block into an error that users understand.

    Raises:
        ObjectMissingError: There is no such object.
        RemoteError: The store cannot be reached, fails, or refuses.
        ConfigError: What the environment says of the store cannot be used.
    """
    try:
        yield
    except (ColModernError, ObjectMissingError):
        raise
    except BaseException as error:
        raised = _told(error, url)
        if raised is None:
            raise
        # Without its cause: that may hold signatures.
        raise raised from None


def check_endpoint(url: str) -> None:
    """Check the address that the environment gives for a store: a wrong one is a panic below.

    Raises:
        ConfigError: It is none.
    """
    scheme = url.partition(":")[0]
    for name in _ADDRESSES.get(scheme, ()):
        said = os.environ.get(name)
        if said and not _is_address(said):
            raise _settings(url, scheme)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_free = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not {" ", "<", ">", '"'} & set(text)
    return is_free and is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _told(error: BaseException, url: str) -> Exception | None:
    """Return the error for what obstore raised; None: it is none of obstore's."""
    kind, text = type(error), str(error)
    is_panic = kind.__name__ == "PanicException"
    if not (is_panic or kind.__module__.startswith("obstore") or isinstance(error, OSError)):
        return None
    if any(name in text for name in _NO_BUCKET):
        return _no_bucket(url)
    if isinstance(error, FileNotFoundError) or kind.__name__ == "NotFoundError":
        return ObjectMissingError(url)
    scheme = url.partition(":")[0]
    return _of_folder(url, error, text) if scheme == "file" else _of_cloud(url, scheme, kind, text)


def _of_cloud(url: str, scheme: str, kind: type[BaseException], text: str) -> ColModernError:
    status, named = _found(_STATUS, text), _found(_NAMED, text)
    if any(name in text for name in _NO_CREDENTIALS):
        return _no_credentials(url, scheme)
    if status in {"401", "403"} or kind.__name__ in _REFUSALS:
        return _refused(url, scheme, status, named)
    if status == "404":  # of the bucket: one of an object is told apart above
        return _no_bucket(url)
    if kind.__name__ == "PanicException" or any(name in text for name in _BAD_SETTINGS):
        return _settings(url, scheme)
    return _unavailable(url, scheme, status, named)


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _no_bucket(url: str) -> RemoteError:
    bucket = url.split("/")[2]
    return RemoteError(
        f"There is no bucket or container {bucket!r} for {url}. Make it, or correct the URL, the "
        "region or the endpoint.",
        code="remote_not_found",
        value=url,
    )


def _no_credentials(url: str, scheme: str) -> RemoteError:
    return RemoteError(
        f"{url} was not asked, for there are no credentials: set {_CREDENTIALS[scheme]} in the "
        "environment, or run where the cloud gives them to the machine.",
        code="remote_refused",
        value=url,
    )


def _refused(url: str, scheme: str, status: str | None, named: str | None) -> RemoteError:
    said = " ".join(filter(None, ("HTTP", status, named))) if status else "no permission"
    return RemoteError(
        f"{url} refuses ({said}): the credentials are wrong, have ended, or do not allow this. "
        f"Check {_CREDENTIALS[scheme]}, and what the store lets them do.",
        code="remote_refused",
        value=url,
    )


def _settings(url: str, scheme: str) -> ConfigError:
    endpoint, allowing = _ENDPOINTS[scheme], _ALLOWING[scheme]
    return ConfigError(
        f"What the environment says of {url} cannot be used: {endpoint} must be an address as "
        f"https://host:port, one of http:// needs {allowing}=true, and every other variable of "
        f"{endpoint.split('_')[0]}_ a value that its name allows.",
        code="option_invalid",
        option=endpoint,
    )


def _of_folder(url: str, error: BaseException, text: str) -> RemoteError:
    told = _found(_OF_SYSTEM, text)
    number = getattr(error, "errno", None) if told is None else int(told)
    if number in _FULL:
        what, remedy = "there is no room left on the disk", "Make room and try again."
    elif number in _REFUSED or isinstance(error, PermissionError):
        what, remedy = "it may not be read or written", "Check owner and permissions."
    else:
        what, remedy = "the system refuses", "Check the folder and its disk."
    return RemoteError(f"{url} cannot be used: {what}. {remedy}", value=url)


def _unavailable(url: str, scheme: str, status: str | None, named: str | None) -> RemoteError:
    if status is None:
        message = (
            f"{url} cannot be reached, also when tried again: there is no network, nothing answers "
            f"in time, or the endpoint is wrong ({_ENDPOINTS[scheme]})."
        )
    else:
        said = " ".join(filter(None, ("HTTP", status, named)))
        remedy = "Try later, or look at the store."
        if status in _OF_REGION:
            remedy = "The region may be another one (AWS_REGION)."
        message = f"{url} fails ({said}), also when tried again. {remedy}"
    return RemoteError(message, value=url)
