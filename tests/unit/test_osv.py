"""What is asked of OSV: batches, pages, each entry once; and every answer that is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from promote_versions import osv
from promote_versions.osv import HttpOsv, OsvError
from steward.bounded_http import Answer, RequestFailedError
from steward.coordinates import Format, Package
from tests.unit.answers import Asked, PreparedHttp, answered
from tests.unit.fake_codeartifact import package

Json = dict[str, Any]
BASE = "https://osv.example.com/base"


class FakeOsv:
    """
    An OSV that lists entries by version.

    Attributes:
        listed: The ids of each version; ``None``: those of the whole package.
        modified: When the entries were modified.
        page: So many ids have a result.
    """

    def __init__(self, listed: dict[str | None, list[str]] | None = None) -> None:
        self.listed = listed or {}
        self.modified = "2026-01-01T00:00:00Z"
        self.page = 1000
        self.entries: dict[str, Json] = {}
        self.http = PreparedHttp(self.reply)
        self.osv = HttpOsv(f"{BASE}/", http=self.http)

    def reply(self, asked: Asked) -> Answer:
        """Answer as OSV does."""
        path = asked.url.removeprefix(f"{BASE}/v1/")
        if path == "querybatch":
            assert asked.method == "POST"
            assert asked.body is not None
            queries = json.loads(asked.body)["queries"]
            return answered({"results": [self._result(each) for each in queries]})
        name = path.removeprefix("vulns/")
        return answered({"id": name, **self.entries.get(name, {})})

    def _result(self, query: Json) -> Json:
        ids = self.listed.get(query.get("version"), [])
        first = int(query.get("page_token", 0))
        page = ids[first : first + self.page]
        result: Json = {"vulns": [{"id": each, "modified": self.modified} for each in page]}
        if not page:
            result = {}
        if first + self.page < len(ids):
            result["next_page_token"] = str(first + self.page)
        return result

    @property
    def batches(self) -> list[list[Json]]:
        """The queries of each batch."""
        return [json.loads(each.body)["queries"] for each in self.http.asked if each.body]

    @property
    def gets(self) -> list[str]:
        """The paths of the entries that were asked for."""
        return sorted(each.url.removeprefix(BASE) for each in self.http.asked if not each.body)


def pypi(name: str = "requests") -> Package:
    """Return a package of PyPI."""
    return package(name, package_format="pypi", namespace=None)


def test_each_version_has_what_is_listed_for_it() -> None:
    """In one batch; an entry of several versions is asked for once."""
    fake = FakeOsv({"1.0": ["GHSA-1", "GHSA-2"], "2.0": ["GHSA-2"]})
    fake.entries["GHSA-2"] = {"aliases": ["CVE-2"], "database_specific": {"severity": "HIGH"}}
    answer = fake.osv.ask(pypi(), ["1.0", "2.0", "3.0", "1.0"])
    found = {version: [each.id for each in all_] for version, all_ in answer.by_version.items()}
    assert found == {"1.0": ["GHSA-1", "GHSA-2"], "2.0": ["GHSA-2"], "3.0": []}
    assert answer.by_version["2.0"][0].severity == "high"
    assert answer.of_package == ()
    named = {"ecosystem": "PyPI", "name": "requests"}
    versions = ["1.0", "2.0", "3.0"]
    assert fake.batches == [[{"package": named, "version": each} for each in versions]]
    assert fake.gets == ["/v1/vulns/GHSA-1", "/v1/vulns/GHSA-2"]


@pytest.mark.parametrize(("versions", "batches"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_batch_holds_a_hundred_versions(versions: int, batches: int) -> None:
    """The package itself is a query more in the first one."""
    fake = FakeOsv({None: ["GHSA-1"]})
    answer = fake.osv.ask(pypi(), [str(number) for number in range(versions)], of_package=True)
    assert [each.id for each in answer.of_package] == ["GHSA-1"]
    assert len(answer.by_version) == versions
    assert len(fake.batches) == batches
    assert sum("version" not in query for batch in fake.batches for query in batch) == 1
    assert len(fake.batches[0]) == min(versions, 100) + 1


def test_nothing_is_asked_for_nothing() -> None:
    """The package alone is one query."""
    fake = FakeOsv({None: ["GHSA-1"]})
    assert fake.osv.ask(pypi(), []).by_version == {}
    assert fake.http.asked == []
    assert [each.id for each in fake.osv.ask(pypi(), [], of_package=True).of_package] == ["GHSA-1"]
    assert len(fake.batches) == 1


def test_pages_are_followed_for_those_that_have_more() -> None:
    """The others are not asked for again."""
    fake = FakeOsv({"1": [f"GHSA-{number}" for number in range(5)], "2": ["GHSA-0"]})
    fake.page = 2
    answer = fake.osv.ask(pypi(), ["1", "2"])
    assert [each.id for each in answer.by_version["1"]] == [f"GHSA-{number}" for number in range(5)]
    assert [len(each) for each in fake.batches] == [2, 1, 1]
    assert [each[0].get("page_token") for each in fake.batches] == [None, "2", "4"]


def test_an_entry_is_kept_until_it_is_modified() -> None:
    """For all packages; the batch tells when it was."""
    fake = FakeOsv({"1": ["GHSA-1"]})
    for name in ("requests", "requests", "urllib3"):
        fake.osv.ask(pypi(name), ["1"])
    assert len(fake.gets) == 1
    fake.modified = "2026-02-01T00:00:00Z"
    fake.entries["GHSA-1"] = {"withdrawn": "2026-02-01T00:00:00Z"}
    assert fake.osv.ask(pypi(), ["1"]).by_version["1"][0].withdrawn
    assert len(fake.gets) == 2


def test_the_oldest_entries_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a process is bounded; what was asked for lately stays."""
    monkeypatch.setattr(osv, "ENTRIES_KEPT", 2)
    fake = FakeOsv({version: [f"GHSA-{version}"] for version in "123"})
    for version in ("1", "2", "1", "3", "1", "2"):
        fake.osv.ask(pypi(), [version])
    assert fake.gets == [f"/v1/vulns/GHSA-{version}" for version in "1223"]


def test_an_entry_that_does_not_say_when_it_was_modified_is_not_kept() -> None:
    """Nobody could tell when it says something else."""
    fake = FakeOsv({"1": ["GHSA-1"]})
    fake.modified = ""
    assert fake.osv.ask(pypi(), ["1"]).by_version["1"][0].severity is None
    fake.entries["GHSA-1"] = {"database_specific": {"severity": "CRITICAL"}}
    assert fake.osv.ask(pypi(), ["1"]).by_version["1"][0].severity == "critical"


def test_an_entry_names_python_packages_in_any_spelling() -> None:
    """What it says about Zope.Interface is about zope-interface."""
    fake = FakeOsv({"1": ["GHSA-1"]})
    named = {"ecosystem": "PyPI", "name": "Zope.Interface"}
    high = {"package": named, "database_specific": {"severity": "HIGH"}}
    fake.entries["GHSA-1"] = {"affected": [high]}
    assert fake.osv.ask(pypi("zope-interface"), ["1"]).by_version["1"][0].severity == "high"


def test_an_osv_that_fails_is_not_asked_for_each_entry() -> None:
    """One failure says enough: the other questions would wait as long."""
    fake = FakeOsv({"1": [f"GHSA-{number:03}" for number in range(200)]})
    fake.entries |= {f"GHSA-{number:03}": {"id": 0} for number in range(200)}
    with pytest.raises(osv.OsvError):
        fake.osv.ask(pypi(), ["1"])
    assert len(fake.gets) <= osv.AT_ONCE


def test_a_slow_osv_is_none_and_its_entries_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up nothing more is asked; the next time goes on from there."""
    fake = FakeOsv({"1": ["GHSA-1"], "2": ["GHSA-1", "GHSA-2"]})
    fake.osv.ask(pypi(), ["1"])
    monkeypatch.setattr(osv, "SECONDS_A_PACKAGE", 0.0)
    with pytest.raises(osv.OsvError, match="too slowly"):
        fake.osv.ask(pypi(), ["2"])
    monkeypatch.undo()
    fake.osv.ask(pypi(), ["2"])
    assert fake.gets == ["/v1/vulns/GHSA-1", "/v1/vulns/GHSA-2"]


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "ecosystem", "named"),
    [
        ("npm", None, "left-pad", "npm", "left-pad"),
        ("npm", "babel", "parser", "npm", "@babel/parser"),
        ("pypi", None, "zope-interface", "PyPI", "zope-interface"),
        ("maven", "org.slf4j", "slf4j-api", "Maven", "org.slf4j:slf4j-api"),
        ("ruby", None, "rails", "RubyGems", "rails"),
        ("cargo", None, "serde", "crates.io", "serde"),
    ],
)
def test_packages_have_the_names_of_their_ecosystems(
    kind: Format, namespace: str | None, name: str, ecosystem: str, named: str
) -> None:
    """As the OSV schema defines them."""
    fake = FakeOsv()
    fake.osv.ask(package(name, package_format=kind, namespace=namespace), ["1"])
    assert fake.batches[0][0]["package"] == {"ecosystem": ecosystem, "name": named}


def test_nuget_packages_are_asked_for_as_they_are_spelt() -> None:
    """OSV finds nothing under another case, and nothing found would pass."""
    fake = FakeOsv()
    of = package("newtonsoft.json", package_format="nuget", namespace=None)
    for spelt in (None, "Newtonsoft.Bson"):
        with pytest.raises(OsvError, match="spelling"):
            fake.osv.ask(of, ["1"], spelt=spelt)
    assert fake.http.asked == []
    fake.osv.ask(of, ["1"], spelt="Newtonsoft.Json")
    assert fake.batches[0][0]["package"] == {"ecosystem": "NuGet", "name": "Newtonsoft.Json"}


@pytest.mark.parametrize("kind", ["generic", "swift"])
def test_other_formats_have_no_names_there(kind: Format) -> None:
    """So nothing is known, which is no answer."""
    fake = FakeOsv()
    with pytest.raises(OsvError, match=f"OSV knows no {kind}"):
        fake.osv.ask(package(package_format=kind), ["1"])
    assert fake.http.asked == []


def failing(reply: Callable[[Asked], Answer]) -> HttpOsv:
    """Return an OSV that is answered by *reply*."""
    return HttpOsv(BASE, http=PreparedHttp(reply))


LISTS_ONE = answered({"results": [{"vulns": [{"id": "GHSA-1", "modified": "m"}]}]})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(503, {}, b""), id="it is down"),
        pytest.param(Answer(302, {"location": "https://a"}, b""), id="it has moved"),
        pytest.param(Answer(400, {}, b"{}"), id="it does not understand"),
        pytest.param(Answer(204, {}, b""), id="it says nothing"),
        pytest.param(Answer(200, {}, b"<html>"), id="a page"),
        pytest.param(Answer(200, {}, b"[" * 100_000), id="nested too deeply"),
        pytest.param(answered([]), id="a list"),
        pytest.param(answered({}), id="no results"),
        pytest.param(answered({"results": []}), id="too few results"),
        pytest.param(answered({"results": [{}, {}]}), id="too many results"),
        pytest.param(answered({"results": [None]}), id="a result that is none"),
        pytest.param(answered({"results": [{"vulns": 7}]}), id="a number as entries"),
        pytest.param(answered({"results": [{"vulns": None}]}), id="nothing as entries"),
        pytest.param(answered({"results": [{"vulns": [7]}]}), id="a number as entry"),
        pytest.param(answered({"results": [{"vulns": [{"modified": "m"}]}]}), id="no id"),
        pytest.param(answered({"results": [{"vulns": [{"id": ""}]}]}), id="an empty id"),
        pytest.param(
            answered({"results": [{"vulns": [{"id": "A", "modified": 7}]}]}), id="a number as time"
        ),
        pytest.param(answered({"results": [{"next_page_token": 7}]}), id="a number as token"),
        pytest.param(answered({"results": [{"next_page_token": "x"}]}), id="pages in a circle"),
    ],
)
def test_a_batch_that_is_no_answer_is_an_error(answer: Answer) -> None:
    """Never an empty one."""
    with pytest.raises(OsvError):
        failing(lambda _: answer).ask(pypi(), ["1"])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(404, {}, b""), id="it is gone"),
        pytest.param(Answer(200, {}, b"<html>"), id="a page"),
        pytest.param(answered({"id": "GHSA-2"}), id="another entry"),
        pytest.param(answered({"id": "GHSA-1", "affected": 7}), id="another shape"),
    ],
)
def test_an_entry_that_cannot_be_read_is_an_error(answer: Answer) -> None:
    """It affects the version, and nobody knows how."""
    with pytest.raises(OsvError):
        failing(lambda asked: LISTS_ONE if asked.body else answer).ask(pypi(), ["1"])


def test_no_answer_is_an_error() -> None:
    """Down, slow or too large."""

    def reply(_: Asked) -> Answer:
        raise RequestFailedError("it broke off")

    with pytest.raises(OsvError, match="it broke off"):
        failing(reply).ask(pypi(), ["1"])


def test_pages_without_an_end_are_an_error() -> None:
    """Each one has another token."""
    numbers = iter(range(10_000))
    with pytest.raises(OsvError, match="pages"):
        failing(lambda _: answered({"results": [{"next_page_token": str(next(numbers))}]})).ask(
            pypi(), ["1"]
        )
    assert next(numbers) == osv.PAGES


def test_more_entries_than_can_be_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is asked for."""
    monkeypatch.setattr(osv, "ENTRIES_AT_MOST", 2)
    fake = FakeOsv({"1": ["A", "B", "C"]})
    with pytest.raises(OsvError, match="more than 2 entries"):
        fake.osv.ask(pypi(), ["1"])
    assert fake.gets == []


def test_an_id_is_no_path() -> None:
    """It comes from outside."""
    fake = FakeOsv({"1": ["../../admin?x#y"]})
    with pytest.raises(OsvError):
        fake.osv.ask(pypi(), ["1"])
    assert fake.gets == ["/v1/vulns/..%2F..%2Fadmin%3Fx%23y"]
