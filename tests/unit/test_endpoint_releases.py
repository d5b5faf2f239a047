"""Answers of repository endpoints, in the shapes in which registries give them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward import endpoint_releases as releases
from steward.endpoint_releases import Release
from steward.errors import EndpointError

NOON = datetime(2021, 7, 13, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        pytest.param("2021-07-13T12:00:00Z", NOON, id="in UTC"),
        pytest.param("2021-07-13T12:00:00.000000Z", NOON, id="with microseconds"),
        pytest.param("2021-07-13T14:00:00+02:00", NOON, id="in another zone"),
        pytest.param("2021-07-13T12:00:00", NOON, id="without a zone it is UTC"),
        pytest.param(
            "2999-01-01T00:00:00Z",
            datetime(2999, 1, 1, tzinfo=UTC),
            id="in the future: the gate judges that",
        ),
        pytest.param("1900-01-01T00:00:00+00:00", None, id="1900 stands for nothing"),
        pytest.param("1970-01-01T00:00:00Z", None, id="1970 too"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before all time"),
        pytest.param("yesterday", None, id="no time"),
        pytest.param("", None, id="nothing"),
        pytest.param(1626177600, None, id="a number"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_time_is_read_or_unknown(text: object, time: datetime | None) -> None:
    """It is never an error of the whole package."""
    assert releases.iso_time(text) == time


@pytest.mark.parametrize(
    ("header", "time"),
    [
        pytest.param("Tue, 13 Jul 2021 12:00:00 GMT", NOON, id="as HTTP writes it"),
        pytest.param("Tue, 13 Jul 2021 12:00:00 -0000", NOON, id="without a zone it is UTC"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", None, id="1970 stands for nothing"),
        pytest.param("Tue, 99 Jul 2021 12:00:00 GMT", None, id="a day that is none"),
        pytest.param("2021", None, id="no date"),
        pytest.param(None, None, id="no header"),
    ],
)
def test_a_header_is_read_or_unknown(header: str | None, time: datetime | None) -> None:
    """It is never an error of the whole package."""
    assert releases.http_date(header) == time


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    """Whatever a server says instead of a time."""
    for read in (releases.iso_time, releases.http_date):
        found = read(text)
        assert found is None or found.tzinfo is not None


def test_a_packument_has_the_time_of_each_version_it_lists() -> None:
    """``created`` and ``modified`` are no versions; an unpublished one stays unknown."""
    document = {
        "name": "left-pad",
        "versions": {"1.0.0": {}, "1.1.0": {"deprecated": "use String.padStart"}, "1.2.0": {}},
        "time": {
            "created": "2014-01-01T00:00:00.000Z",
            "modified": "2022-01-01T00:00:00.000Z",
            "1.0.0": "2021-07-13T12:00:00.000Z",
            "1.1.0": "nonsense",
            "0.9.0": "2013-01-01T00:00:00.000Z",
        },
    }
    assert releases.of_npm(document) == {
        "1.0.0": Release(NOON),
        "1.1.0": Release(None),
        "1.2.0": Release(None),
    }


def test_a_packument_without_times_knows_none() -> None:
    """The abbreviated form has none."""
    assert releases.of_npm({"versions": {"1.0.0": {}}}) == {"1.0.0": Release()}


def file(name: str, time: str | None = "2021-07-13T12:00:00Z", **more: object) -> dict[str, object]:
    """Return a file of a project page."""
    return {"filename": name, "url": name, "hashes": {}, "upload-time": time, **more}


def page(*files: object) -> dict[str, object]:
    """Return a project page (PEP 691)."""
    return {"meta": {"api-version": "1.1"}, "name": "zope-interface", "files": list(files)}


def of_pypi(document: object, *versions: str) -> dict[str, Release]:
    """Return what the page says about a package whose name has two spellings."""
    return releases.of_pypi(document, "zope-interface", versions)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        pytest.param("zope.interface-5.4.0.tar.gz", "5.4.0", id="a source archive of old"),
        pytest.param("zope_interface-5.4.0.tar.gz", "5.4.0", id="a source archive of today"),
        pytest.param("zope-interface-5.4.0.zip", "5.4.0", id="a name with a dash"),
        pytest.param("zope.interface-5.4.0-1.tar.gz", "5.4.0.post1", id="a version with a dash"),
        pytest.param("zope.interface-5.4.0-cp39-cp39-win32.whl", "5.4.0", id="a wheel"),
        pytest.param("zope.interface-5.4.0-2-py3-none-any.whl", "5.4.0", id="a build of a wheel"),
        pytest.param("zope.interface-5.4.0-py2.7.egg", "5.4.0", id="an egg"),
        pytest.param("zope_interface-5.4.tar.gz", "5.4.0", id="a version that is written shorter"),
    ],
)
def test_a_file_belongs_to_the_version_in_its_name(name: str, version: str) -> None:
    """Also where the page writes the version in another way than CodeArtifact."""
    assert of_pypi(page(file(name)), version) == {version: Release(NOON)}


@pytest.mark.parametrize(
    "name",
    ["zope.interface-5.4.0.exe", "zope-5.4.0.tar.gz", "zope.interface.tar.gz", "whl", "x.whl", ""],
)
def test_other_files_belong_to_no_version(name: str) -> None:
    """So a version that has no others is unknown."""
    assert of_pypi(page(file(name)), "5.4.0", "no version") == {}


def test_a_version_counts_from_its_newest_file() -> None:
    """A wheel that is added years later is what nobody has looked at."""
    late = file("zope_interface-5.4.0-cp313-cp313-win32.whl", "2024-10-01T00:00:00Z")
    early = file("zope_interface-5.4.0.tar.gz")
    for files in ((late, early), (early, late)):
        assert of_pypi(page(*files), "5.4.0")["5.4.0"].released_at == datetime(
            2024, 10, 1, tzinfo=UTC
        )


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_file_without_a_time_makes_its_version_unknown(first: bool) -> None:  # noqa: FBT001  a column of the table
    """It may be the newest one."""
    files = [file("zope_interface-5.4.0.tar.gz"), file("zope_interface-5.4.0.zip", None)]
    found = of_pypi(page(*(files if first else reversed(files))), "5.4.0")
    assert found == {"5.4.0": Release(None)}


@pytest.mark.parametrize(
    ("yanked", "withdrawn"),
    [
        pytest.param(False, None, id="it is not"),
        pytest.param(True, "", id="without a reason"),
        pytest.param("broken", "broken", id="with its reason"),
        pytest.param("", "", id="with an empty reason"),
        pytest.param(None, None, id="the page does not say"),
    ],
)
def test_a_version_is_withdrawn_if_one_of_its_files_is(
    yanked: object, withdrawn: str | None
) -> None:
    """PEP 592: a text or true."""
    files = (
        file("zope_interface-5.4.0.tar.gz", yanked=False),
        file("zope_interface-5.4.0.zip", yanked=yanked),
        file("zope_interface-5.4.0.tar.bz2", yanked=False),
    )
    assert of_pypi(page(*files), "5.4.0") == {"5.4.0": Release(NOON, withdrawn)}


def test_crates_have_times_and_yanks() -> None:
    """As Cargo's registry lists them."""
    rows = [
        {"num": "1.0.0", "created_at": "2021-07-13T12:00:00.000000+00:00", "yanked": False},
        {"num": "1.0.1", "created_at": "2021-07-13T12:00:00Z", "yanked": True},
        {"num": "1.0.2", "created_at": None, "yanked": True, "yank_message": "unsound"},
        {"created_at": "2021-07-13T12:00:00Z"},
        7,
    ]
    assert releases.of_cargo({"versions": rows}) == {
        "1.0.0": Release(NOON),
        "1.0.1": Release(NOON, ""),
        "1.0.2": Release(None, "unsound"),
    }


def leaf(version: str, published: str, *, listed: bool = True) -> dict[str, object]:
    """Return a leaf of a registration."""
    return {"catalogEntry": {"version": version, "published": published, "listed": listed}}


def test_nuget_says_1900_of_what_is_unlisted() -> None:
    """Then it is withdrawn and its time is unknown; versions are compared as NuGet does."""
    pages = releases.nuget_pages(
        {
            "items": [
                {
                    "items": [
                        leaf("1.0", "2021-07-13T12:00:00+00:00"),
                        leaf("1.0.1.0", "1900-01-01T00:00:00+00:00"),
                        leaf("2.0.0-Beta+build5", "2021-07-13T12:00:00+00:00", listed=False),
                        {"catalogEntry": 7},
                    ]
                }
            ]
        }
    )
    found = releases.of_nuget(pages, ["1.0.0", "1.0.1", "2.0.0-beta", "3.0.0"])
    assert found == {
        "1.0.0": Release(NOON),
        "1.0.1": Release(None, ""),
        "2.0.0-beta": Release(NOON, ""),
    }


def test_pages_elsewhere_are_named_by_their_address() -> None:
    """A registration of more than 64 versions holds only where its pages are."""
    whole = {"items": [], "@id": "https://a/1.json"}
    assert releases.nuget_pages({"items": [{"@id": "https://a/0.json"}, whole]}) == [
        "https://a/0.json",
        whole,
    ]


def test_the_latest_kind_of_registrations_is_taken() -> None:
    """The others do not know SemVer 2 versions ("Package metadata", NuGet API)."""
    kinds = ["", "/3.4.0", "/3.6.0", "/3.0.0-beta"]
    resources = [{"@type": f"RegistrationsBaseUrl{each}", "@id": f"at{each}"} for each in kinds]
    document = {"resources": [*resources, {"@type": "SearchQueryService", "@id": "x"}, 7]}
    assert releases.registrations_in(document) == "at/3.6.0"


@pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"items": 7, "resources": 7}])
def test_an_answer_of_another_shape_is_an_error(document: object) -> None:
    """Nothing is known then: it is no answer to any version."""
    reads = [
        lambda found: releases.of_pypi(found, "a", ["1"]),
        releases.of_cargo,
        releases.nuget_pages,
        releases.registrations_in,
    ]
    if not isinstance(document, dict):
        reads.append(releases.of_npm)
    for read in reads:
        with pytest.raises(EndpointError):
            read(document)


def test_why_something_was_yanked_is_one_short_line() -> None:
    """It stands in logs and mails, and whoever publishes a package writes it."""
    reason = "unsound\n\nTo approve it, run:\n\tsteward approve ...\r\n" + "x" * 100_000
    row = {"num": "1.0.0", "created_at": None, "yanked": True, "yank_message": reason}
    said = releases.of_cargo({"versions": [row]})["1.0.0"].withdrawn
    assert said is not None
    assert said.startswith("unsound To approve it, run: steward approve ... xxx")
    assert len(said) <= releases.MAX_REASON
