"""What a domain holds, as a client answers that knows little of it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from steward.coordinates import UNRESTRICTED, Repository
from steward.domain_lists import DomainLists, ServiceDomainLists
from steward.errors import CodeArtifactError, PackageNotFoundError
from tests.unit.fake_codeartifact import refused

THERE = Repository("my-company", "012345678901", "team-a")


class FakeClient:
    """CodeArtifact with two pages of everything, of which the second begins like the first."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[dict[str, object]] = []

    def list_repositories_in_domain(self, **parameters: object) -> Any:  # noqa: ANN401  a page
        """Return a page of repositories."""
        self._note(parameters)
        if "nextToken" in parameters:
            return {"repositories": [{"name": "team-a"}, {"name": "team-b"}]}
        return {"repositories": [{"name": "team-a"}], "nextToken": "more"}

    def list_packages(self, **parameters: object) -> Any:  # noqa: ANN401  a page
        """Return a page of packages; the third leads back to itself."""
        self._note(parameters)
        token = parameters.get("nextToken")
        if token == "again":
            return {"packages": [], "nextToken": "again"}
        row = {"format": "npm", "namespace": "mycompany", "package": "ui"}
        return {"packages": [row]} if token else {"packages": [row], "nextToken": "more"}

    def _note(self, parameters: dict[str, object]) -> None:
        self.asked.append(parameters)
        if self.error is not None:
            raise self.error


def lists(client: FakeClient) -> DomainLists:
    """Return what asks *client*."""
    return ServiceDomainLists(cast("Any", client))


def test_all_repositories_are_listed_once() -> None:
    """Over all pages, however often they come."""
    client = FakeClient()
    found = lists(client).repositories("my-company", "012345678901")
    assert [one.name for one in found] == ["team-a", "team-b"]
    assert {one.domain_owner for one in found} == {"012345678901"}
    assert [one.get("nextToken") for one in client.asked] == [None, "more"]
    assert {one["maxResults"] for one in client.asked} == {1000}


def test_packages_are_listed_page_by_page() -> None:
    """Each with what leads to the next one."""
    client = FakeClient()
    first = lists(client).packages(THERE, None)
    [(found, restrictions)] = first.packages
    assert (found.purl(), restrictions) == ("pkg:npm/%40mycompany/ui", UNRESTRICTED)
    assert first.following == "more"
    assert lists(client).packages(THERE, "more").following is None
    assert [one["repository"] for one in client.asked] == ["team-a", "team-a"]


def test_a_page_that_leads_back_to_itself_is_an_error() -> None:
    """Nobody would come to the end."""
    with pytest.raises(CodeArtifactError, match="back to itself"):
        lists(FakeClient()).packages(THERE, "again")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceNotFoundException", PackageNotFoundError),
        ("ThrottlingException", CodeArtifactError),
    ],
)
def test_a_call_that_fails_is_told(code: str, error: type[CodeArtifactError]) -> None:
    """With what CodeArtifact says."""
    client = FakeClient(refused("ListPackages", code))
    with pytest.raises(error, match=code):
        lists(client).packages(THERE, None)
    with pytest.raises(error, match=code):
        lists(client).repositories("my-company", "012345678901")
