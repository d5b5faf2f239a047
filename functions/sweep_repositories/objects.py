"""The files of sweeps: small texts by their key, in one bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NotRequired, Protocol, TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError

from steward import clients
from steward.errors import AwsError

_MISSING: Final = ("NoSuchKey", "404")  # GetObject, S3 API Reference


class Objects(Protocol):
    """
    Where a sweep keeps what does not fit into the state of an execution.

    What was written is what is read from then on ("Amazon S3 data consistency model", S3 User
    Guide). Every method raises :class:`ObjectsError` if the bucket cannot be used.
    """

    def write(self, key: str, text: str) -> None:
        """*key* holds *text* from now on, whatever it held before: 1 PutObject."""

    def read(self, key: str) -> str | None:
        """Return what *key* holds; ``None``: there is no such key. 1 GetObject."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with *prefix*, sorted: 1 ListObjectsV2 for each 1,000."""


class ObjectsError(AwsError):
    """The bucket of the sweeps cannot be read or written."""


class _Body(Protocol):
    def read(self) -> bytes:
        """Return all of it."""


class _GetObjectAnswer(TypedDict):
    Body: _Body


class _Object(TypedDict):
    Key: str


class _ListAnswer(TypedDict):
    Contents: NotRequired[Sequence[_Object]]
    NextContinuationToken: NotRequired[str]


class S3Client(Protocol):
    """The part of S3's client that is used here; botocore publishes no types."""

    def get_object(self, *, Bucket: str, Key: str) -> _GetObjectAnswer:  # noqa: N803  AWS's names
        """See GetObject, S3 API Reference."""

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803  AWS's name
        Key: str,  # noqa: N803  AWS's name
        Body: bytes,  # noqa: N803  AWS's name
        ContentType: str,  # noqa: N803  AWS's name
    ) -> object:
        """See PutObject, S3 API Reference."""

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803  AWS's name
        Prefix: str,  # noqa: N803  AWS's name
        ContinuationToken: str = ...,  # noqa: N803  AWS's name
    ) -> _ListAnswer:
        """See ListObjectsV2, S3 API Reference."""


class S3Objects:
    """The files of sweeps in the bucket *bucket* on S3, by *client*, which botocore makes."""

    def __init__(self, bucket: str, client: S3Client) -> None:
        self._bucket = bucket
        self._client = client

    def write(self, key: str, text: str) -> None:
        """See :class:`Objects`."""
        kind = "application/json" if key.endswith(".json") else "text/plain; charset=utf-8"
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=kind
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure("PutObject", key, error) from error

    def read(self, key: str) -> str | None:
        """See :class:`Objects`."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return None
            raise _failure("GetObject", key, error) from error
        except BotoCoreError as error:
            raise _failure("GetObject", key, error) from error

    def keys(self, prefix: str) -> Iterator[str]:
        """See :class:`Objects`."""
        following: Mapping[str, str] = {}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **following)
            except (ClientError, BotoCoreError) as error:
                raise _failure("ListObjectsV2", prefix, error) from error
            yield from (one["Key"] for one in page.get("Contents", ()))
            token = page.get("NextContinuationToken")
            if not token:
                return
            following = {"ContinuationToken": token}


def _failure(operation: str, key: str, error: ClientError | BotoCoreError) -> ObjectsError:
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", code)
    return ObjectsError(operation, code, f"{key}: {error}")


def connect_objects(bucket: str) -> Objects:
    """Return the files in *bucket*, by the one client of S3 of this process."""
    return S3Objects(bucket, cast("S3Client", clients.s3()))
