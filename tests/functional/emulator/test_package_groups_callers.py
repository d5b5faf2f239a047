"""Several callers change the package groups of a domain at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from botocore.exceptions import ClientError

from emulator.core import package_groups
from emulator.core.values import DomainId, PackageId, RepositoryId
from tests.functional.emulator.package_groups import ACCOUNT, DOMAIN, Groups, groups

__all__ = ["groups"]

_CALLERS = 8


def test_of_several_callers_at_once_one_makes_the_group(groups: Groups) -> None:
    """The others are told that it exists."""
    start = Barrier(_CALLERS)

    def create(_: int) -> str:
        start.wait()
        try:
            groups.create("/npm/*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with ThreadPoolExecutor(_CALLERS) as callers:
        answers = Counter(callers.map(create, range(_CALLERS)))
    assert answers == {"made": 1, "ConflictException": _CALLERS - 1}
    assert groups.listed("/npm") == ["/npm/*"]


def test_what_several_callers_change_at_once_is_changed_by_all(groups: Groups) -> None:
    """No entry of a list is lost, and everybody sees their own change when it is answered."""
    for number in range(_CALLERS):
        groups.client.create_repository(domain=DOMAIN, repository=f"team-{number}")
    groups.create("/npm/*")
    start = Barrier(_CALLERS)

    def allow(number: int) -> bool:
        start.wait()
        groups.client.update_package_group_origin_configuration(
            domain=DOMAIN,
            packageGroup="/npm/*",
            restrictions={"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"},
            addAllowedRepositories=[
                {"repositoryName": f"team-{number}", "originRestrictionType": "PUBLISH"}
            ],
        )
        package = PackageId("npm", "", "react")
        repository = RepositoryId(DomainId(ACCOUNT, DOMAIN), f"team-{number}")
        return package_groups.admits(groups.local.state, repository, package, "PUBLISH")

    with ThreadPoolExecutor(_CALLERS) as callers:
        assert all(callers.map(allow, range(_CALLERS)))
    assert groups.allowed("/npm/*", "PUBLISH") == [f"team-{n}" for n in range(_CALLERS)]
