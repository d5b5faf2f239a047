"""Names that are written in more than one way, or need care on their way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.functional.origin_company import DONE, OriginCompany
from tests.functional.origin_domain import INTERNAL, OPEN, outside


@pytest.mark.parametrize(
    "name",
    [
        "50%25off",
        "per%cent",
        "dollar$name",
        "star*name",
        "c++",
        "tilde~name",
        "bücher",
        "日本語",
        "a:b,c;d=e&f?g",
        "@scope",
        "..",
        "quote'and\"double",
    ],
)
@pytest.mark.parametrize("repository_wide", [False, True], ids=["event", "repository"])
def test_names_that_need_encoding_are_brought_to_the_rule(
    company: OriginCompany, name: str, *, repository_wide: bool
) -> None:
    """In ARNs, URLs and shells; look, list, write and archive all mean the same package."""
    package = company.named("mycompany", package_format="generic", name=name)
    company.seeded(package, OPEN, outside("9.0.0"))

    if repository_wide:
        assert len(company.sweep(package.repository)) == 1
    else:
        assert company.look(package) == DONE

    assert company.restrictions(package) == INTERNAL
    assert company.statuses(package) == {"9.0.0": "Archived"}
    assert len(company.attention.messages) == 1


@pytest.mark.parametrize("name", ["mycompany-ui", "MyCompany_UI", "mycompany.-_UI"])
def test_a_python_name_in_an_event_is_any_spelling_of_the_one_that_is_stored(
    company: OriginCompany, name: str
) -> None:
    """PEP 503: the rule names the stored one, and so does the list of a repository."""
    package = company.named(None, package_format="pypi", name="mycompany-ui")
    company.seeded(package, OPEN, outside("9.0.0"))

    assert company.look(replace(package, name=name)) == DONE

    assert company.restrictions(package) == INTERNAL
    assert company.statuses(package) == {"9.0.0": "Archived"}
    assert company.told("archived") == [(package, ["9.0.0"], "origins[0]")]


@pytest.mark.parametrize("scope", ["mycompany", "@mycompany"])
def test_a_scope_in_an_event_is_the_same_with_and_without_its_at_sign(
    company: OriginCompany, scope: str
) -> None:
    """CodeArtifact stores npm's scopes without it."""
    package = company.seeded(company.named("mycompany"), OPEN, outside("9.0.0"))

    assert company.look(replace(package, namespace=scope)) == DONE

    assert company.restrictions(package) == INTERNAL
    assert company.statuses(package) == {"9.0.0": "Archived"}


def test_an_unscoped_package_of_the_same_name_is_another(company: OriginCompany) -> None:
    """Namespaces are part of the name: only the scoped one is internal."""
    scoped = company.named("mycompany")
    unscoped = replace(scoped, namespace=None)
    company.seed((scoped, OPEN, [outside("9.0.0")]), (unscoped, OPEN, [outside("9.0.0")]))

    company.deliver(company.event(scoped), company.event(unscoped))

    assert company.restrictions(scoped) == INTERNAL
    assert company.restrictions(unscoped) == OPEN
    assert company.statuses(unscoped) == {"9.0.0": "Published"}
