"""How keys, packages and times are written in the DynamoDB tables of our own, and read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil
from typing import Final, TypedDict

from steward.coordinates import Package, Repository, is_format

MAX_PARTITION_KEY: Final = 2048  # bytes; "Quotas in Amazon DynamoDB", DynamoDB Developer Guide
MAX_SORT_KEY: Final = 1024  # bytes; the same page
_DIGEST: Final = 64  # characters of SHA-256 in hexadecimal
# Our choices, well below the 400 KB that an item may hold ("Quotas in Amazon DynamoDB"): a text may
# have four bytes a character, and an element of a list costs a little more than its text.
MAX_TEXTS_PER_ITEM: Final = 500
MAX_TEXT_BYTES_PER_ITEM: Final = 200_000


class Attribute(TypedDict, total=False):
    """
    A value of an item: text, a number as text, a set of texts or a list.

    AttributeValue, DynamoDB API Reference. No set is empty there.
    """

    S: str
    N: str
    SS: list[str]
    L: list[Attribute]


Item = Mapping[str, Attribute]


def key(package: Package, entry: str) -> dict[str, Attribute]:
    """Return the key of the item *entry* of *package*."""
    return {"package": {"S": partition(package)}, "entry": {"S": entry}}


def partition(package: Package) -> str:
    """Return the partition key of everything about *package*."""
    repository = package.repository
    text = f"{repository.domain_owner}/{repository.domain}/{repository.name}{package.path}"
    return fitting(text, MAX_PARTITION_KEY)


def fitting(text: str, limit: int) -> str:
    """
    Return *text* if it has at most *limit* bytes, else its beginning and a digest of all of it.

    What was cut ends in ``#`` and 64 hexadecimal digits, which no name and no version can.
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    beginning = encoded[: limit - _DIGEST - 1].decode(errors="ignore")
    return f"{beginning}#{sha256(encoded).hexdigest()}"


def coordinates(package: Package) -> dict[str, Attribute]:
    """Return the attributes that say which package an item is about: its key may be cut."""
    attributes: dict[str, Attribute] = {
        "domainName": {"S": package.repository.domain},
        "domainOwner": {"S": package.repository.domain_owner},
        "repositoryName": {"S": package.repository.name},
        "packageFormat": {"S": package.format},
        "packageName": {"S": package.name},
    }
    if package.namespace:
        attributes["packageNamespace"] = {"S": package.namespace}
    return attributes


def package_of(item: Item) -> Package:
    """
    Return the package that *item* is about.

    Raises:
        LookupError, ValueError: It does not say.
    """
    repository = Repository(
        item["domainName"]["S"], item["domainOwner"]["S"], item["repositoryName"]["S"]
    )
    package_format = item["packageFormat"]["S"]
    if not is_format(package_format):
        raise ValueError(f"{package_format!r} is no package format")
    namespace = item["packageNamespace"]["S"] if "packageNamespace" in item else None
    return Package(repository, package_format, namespace, item["packageName"]["S"])


def shares(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield *texts*, each once and sorted, as many at a time as one item is to hold."""
    share: list[str] = []
    size = 0
    for text in sorted(set(texts)):
        needed = len(text.encode())
        if share and (len(share) == MAX_TEXTS_PER_ITEM or size + needed > MAX_TEXT_BYTES_PER_ITEM):
            yield share
            share, size = [], 0
        share.append(text)
        size += needed
    if share:
        yield share


def list_of(texts: Iterable[str]) -> Attribute:
    """Return *texts* as an attribute; :func:`texts_in` reads it."""
    return {"L": [{"S": text} for text in texts]}


def texts_in(attribute: Attribute) -> list[str]:
    """
    Return the texts that :func:`list_of` wrote.

    Raises:
        LookupError: It did not.
    """
    return [each["S"] for each in attribute["L"]]


def time_text(moment: datetime) -> str:
    """Return *moment* as text of a fixed width, so that the order of texts is that of times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_in(text: str) -> datetime:
    """
    Return the time (UTC) that :func:`time_text` wrote.

    Raises:
        ValueError: It did not.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def whole_seconds(moment: datetime) -> Attribute:
    """Return *moment* as a number, as times to live are: never before it."""
    return {"N": str(ceil(moment.timestamp()))}
