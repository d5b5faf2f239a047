"""Generic packages through the API: assets streamed in, checked, and streamed out."""

from __future__ import annotations

import hashlib
import http.client
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.exceptions import IncompleteReadError, ResponseStreamingError

from tests.functional.emulator.signed_requests import authorization
from tests.functional.local_codeartifact import Local

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import PublishPackageVersionResultTypeDef

HAMMER: dict[str, Any] = {
    "domain": "my-company",
    "repository": "releases",
    "format": "generic",
    "namespace": "tools",
    "package": "hammer",
    "packageVersion": "1.0",
}
QUERY = {
    **{key: value for key, value in HAMMER.items() if key != "packageVersion"},
    "version": "1.0",
    "asset": "hammer.bin",
}


def sha256(content: bytes) -> str:
    """Return the hash that a publisher computes."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def releases(local: Local) -> Local:
    """Hold an empty repository."""
    client = local.client()
    client.create_domain(domain="my-company")
    client.create_repository(domain="my-company", repository="releases")
    return local


def publish(
    local: Local, name: str, content: bytes, *, unfinished: bool = False
) -> PublishPackageVersionResultTypeDef:
    """Publish one asset."""
    return local.client().publish_package_version(
        **HAMMER,
        assetName=name,
        assetContent=content,
        assetSHA256=sha256(content),
        unfinished=unfinished,
    )


def stored_files(local: Local) -> list[Path]:
    """Return every file of the asset store."""
    return [path for path in local.state.assets.root.rglob("*") if path.is_file()]


def test_an_asset_comes_back_as_it_went_in(releases: Local) -> None:
    """With its name, version and revision in headers; also one larger than any buffer."""
    content = bytes(range(256)) * 20_000
    published = publish(releases, "h\u00e4mmer 1.bin", content)
    assert published["status"] == "Published"
    assert published["asset"]["size"] == len(content)
    assert published["asset"]["hashes"]["SHA-512"] == hashlib.sha512(content).hexdigest()
    found = releases.client().get_package_version_asset(
        **HAMMER,
        asset="h\u00e4mmer 1.bin",
        packageVersionRevision=published["versionRevision"],
    )
    assert found["asset"].read() == content
    assert found["packageVersion"] == "1.0"
    assert found["packageVersionRevision"] == published["versionRevision"]


def test_an_unfinished_version_takes_assets_until_it_is_published(releases: Local) -> None:
    """Then no more: the version is complete."""
    assert publish(releases, "one.bin", b"1", unfinished=True)["status"] == "Unfinished"
    assert publish(releases, "two.bin", b"2")["status"] == "Published"
    client = releases.client()
    with pytest.raises(client.exceptions.ConflictException, match="takes no further assets"):
        publish(releases, "three.bin", b"3")
    with pytest.raises(client.exceptions.ConflictException, match="exists with other content"):
        publish(releases, "one.bin", b"other")
    assets = client.list_package_version_assets(**HAMMER)["assets"]
    assert [each["name"] for each in assets] == ["one.bin", "two.bin"]


def test_a_wrong_hash_leaves_nothing_behind(releases: Local) -> None:
    """Neither a version nor a file."""
    client = releases.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.publish_package_version(
            **HAMMER, assetName="a", assetContent=b"other", assetSHA256=sha256(b"this")
        )
    assert client.list_packages(domain="my-company", repository="releases")["packages"] == []
    assert stored_files(releases) == []


def test_a_truncated_upload_leaves_nothing_behind(releases: Local) -> None:
    """A client that hangs up half-way has published nothing; the server goes on."""
    address = urlsplit(releases.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as line:
        line.sendall(
            f"POST /v1/package/version/publish?{urlencode(QUERY)} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: {authorization()}\r\nx-amz-content-sha256: {'0' * 64}\r\n"
            "Content-Length: 1000\r\n\r\n".encode()
            + b"only this much"
        )
        line.shutdown(socket.SHUT_WR)
        line.settimeout(10)
        while line.recv(4096):
            pass
    client = releases.client()
    assert client.list_packages(domain="my-company", repository="releases")["packages"] == []
    deadline = time.monotonic() + 10
    while stored_files(releases) and time.monotonic() < deadline:
        pass  # the server notices in its own time
    assert stored_files(releases) == []


def test_a_refused_upload_is_read_to_its_end_and_answered(releases: Local) -> None:
    """The client sees the error, not a broken connection, however much it was sending."""
    client = releases.client()
    content = bytes(20_000_000)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.publish_package_version(
            **{**HAMMER, "repository": "nowhere"},
            assetName="a",
            assetContent=content,
            assetSHA256=sha256(content),
        )
    assert stored_files(releases) == []


def test_an_upload_that_announces_too_much_is_refused(releases: Local) -> None:
    """Before a byte of it is read."""
    address = urlsplit(releases.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.putrequest("POST", f"/v1/package/version/publish?{urlencode(QUERY)}")
    connection.putheader("Authorization", authorization())
    connection.putheader("x-amz-content-sha256", "0" * 64)
    connection.putheader("Content-Length", "6000000000")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 402
    assert answer.headers["x-amzn-errortype"] == "ServiceQuotaExceededException"
    connection.close()


def test_only_generic_packages_are_published_through_the_api(releases: Local) -> None:
    """Other formats have their own endpoints."""
    client = releases.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.publish_package_version(
            domain="my-company",
            repository="releases",
            format="pypi",
            package="requests",
            packageVersion="1.0",
            assetName="a",
            assetContent=b"",
            assetSHA256=sha256(b""),
        )


@pytest.mark.parametrize("name", ["bin/hammer", "hammer*", "50%", "a:b"])
def test_an_asset_under_a_name_that_generic_packages_do_not_take_is_refused(
    releases: Local, name: str
) -> None:
    """User Guide, generic packages: letters, digits, and a few characters more."""
    client = releases.client()
    with pytest.raises(client.exceptions.ValidationException):
        publish(releases, name, b"x")
    assert stored_files(releases) == []


def test_a_refused_asset_is_not_kept(releases: Local) -> None:
    """Other bytes under the same name, for one; what is held stays."""
    publish(releases, "hammer.bin", b"x")
    held = stored_files(releases)
    client = releases.client()
    with pytest.raises(client.exceptions.ConflictException):
        publish(releases, "hammer.bin", b"y")
    assert stored_files(releases) == held


def test_an_asset_whose_file_was_cut_short_breaks_the_connection(releases: Local) -> None:
    """The client does not take it for whole, nor wait for ever."""
    publish(releases, "hammer.bin", b"a hammer")
    (file,) = stored_files(releases)
    file.write_bytes(b"a ham")
    found = releases.client().get_package_version_asset(**HAMMER, asset="hammer.bin")
    with pytest.raises((ResponseStreamingError, IncompleteReadError)):
        found["asset"].read()


def test_another_revision_is_a_conflict_and_another_name_not_found(releases: Local) -> None:
    """Both name what they are about."""
    publish(releases, "hammer.bin", b"x")
    client = releases.client()
    with pytest.raises(client.exceptions.ConflictException):
        client.get_package_version_asset(
            **HAMMER, asset="hammer.bin", packageVersionRevision="stale"
        )
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_package_version_asset(**HAMMER, asset="nail.bin")
    assert refused.value.response["resourceType"] == "asset"


@pytest.mark.parametrize("status", ["Archived", "Disposed"])
def test_archived_and_disposed_versions_are_not_read(releases: Local, status: str) -> None:
    """Which error says so is not documented: a switch."""
    publish(releases, "hammer.bin", b"x")
    client = releases.client()
    if status == "Archived":
        target = {key: value for key, value in HAMMER.items() if key != "packageVersion"}
        client.update_package_versions_status(**target, versions=["1.0"], targetStatus="Archived")
    else:
        target = {key: value for key, value in HAMMER.items() if key != "packageVersion"}
        client.dispose_package_versions(**target, versions=["1.0"])
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_package_version_asset(**HAMMER, asset="hammer.bin")
    releases.faults(unreadableAssetError="ConflictException")
    with pytest.raises(client.exceptions.ConflictException):
        client.get_package_version_asset(**HAMMER, asset="hammer.bin")
