"""Lock files that are objects on S3: read at each run, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.errors import StewardError
from steward.lockfiles import MAX_BYTES

if TYPE_CHECKING:
    from steward.clients import Body

_SCHEME: Final = "s3://"
_PIECE: Final = 65_536  # bytes; our choice
# GetObject (S3 API Reference): who may not list the bucket is denied what does not exist, too.
_REASONS: Final = {
    "NoSuchKey": "there is no such object",
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "it may not be read, or is not there; LockfilesBucket of the template names "
    "the bucket that may be read; one of another account has to allow it, too",
    "InvalidObjectState": "it is archived and has to be restored first",
}


class Objects(Protocol):
    """Where lock files are read that lie beside no policy file."""

    def text(self, url: str) -> str:
        """
        Return what the object *url* (``s3://bucket/key``) holds: 1 GetObject.

        Raises:
            ObjectError: There is none, it may not be read, it is too large, or no text.
        """


class ObjectError(StewardError):
    """An object on S3 that was to be read is of no use; the message says which and why."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"{url}: {problem}")


class S3Objects:
    """Objects on S3."""

    def text(self, url: str) -> str:
        """See :class:`Objects`; what is too large is not read to its end."""
        bucket, _, name = url.removeprefix(_SCHEME).partition("/")
        try:
            answer = clients.s3().get_object(Bucket=bucket, Key=name)
            body = answer["Body"]
            try:
                content = _content(url, body)
            finally:
                body.close()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            raise ObjectError(url, _REASONS.get(code, str(error))) from error
        except BotoCoreError as error:
            raise ObjectError(url, str(error)) from error
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ObjectError(url, f"it is no UTF-8: {error}") from error


def _content(url: str, body: Body) -> bytes:
    content = bytearray()
    while piece := body.read(_PIECE):
        content += piece
        if len(content) > MAX_BYTES:
            raise ObjectError(url, f"it has more than {MAX_BYTES:,} bytes")
    return bytes(content)
