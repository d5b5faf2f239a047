"""Restrictions that follow from how the versions of a package entered the domain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.coordinates import Origin, Package, PackageVersion, Restrictions
from tests.functional.origin_company import DONE, OriginCompany
from tests.functional.origin_domain import (
    APPROVED,
    CLOSED,
    INTERNAL,
    OPEN,
    PUBLIC,
    inside,
    outside,
)

HERE, ELSEWHERE = "npm-here", "npm-elsewhere"
UNKNOWN = PackageVersion("1.0.0", "Published", Origin("UNKNOWN"))
EVERY = (OPEN, INTERNAL, PUBLIC, CLOSED)


class TestInferred:
    """Rules of the kind inferred: by how the versions entered, and only ever tighter."""

    @pytest.mark.parametrize("current", EVERY, ids=str)
    @pytest.mark.parametrize(
        ("held", "after"),
        [
            pytest.param((inside("1.0.0", HERE),), INTERNAL, id="published here"),
            pytest.param(
                (inside("1.0.0", HERE, "Archived"), inside("1.1.0", HERE, "Unlisted")),
                INTERNAL,
                id="published here, in any status",
            ),
            pytest.param((outside("1.0.0"), outside("2.0.0")), PUBLIC, id="all from outside"),
            pytest.param((inside("1.0.0", ELSEWHERE),), None, id="published elsewhere"),
            pytest.param(
                (inside("1.0.0", HERE), inside("1.1.0", ELSEWHERE)),
                None,
                id="published here and elsewhere",
            ),
            pytest.param((UNKNOWN,), None, id="nobody knows"),
            pytest.param((inside("1.1.0", HERE), UNKNOWN), None, id="nobody knows of one"),
            pytest.param((outside("1.1.0"), UNKNOWN), None, id="one from outside, one unknown"),
            pytest.param((), None, id="no versions"),
        ],
    )
    def test_restrictions_follow_from_the_origin_of_the_versions_and_only_tighten(
        self,
        company: OriginCompany,
        current: Restrictions,
        held: tuple[PackageVersion, ...],
        after: Restrictions | None,
    ) -> None:
        """None: they are left; BLOCK never becomes ALLOW."""
        package = company.named("inferred")
        here = package.repository.name
        versions = [
            inside(one.version, here, one.status) if one.origin.repository == HERE else one
            for one in held
        ]
        company.seeded(package, current, *versions)

        assert company.look(package) == DONE

        assert company.restrictions(package) == tightest(current, after)
        assert company.statuses(package) == {one.version: one.status for one in versions}
        assert company.attention.messages == []

    @pytest.mark.parametrize("current", [OPEN, INTERNAL, PUBLIC], ids=str)
    def test_a_package_of_mixed_origin_is_left_and_told_once(
        self, company: OriginCompany, current: Restrictions
    ) -> None:
        """The next event tells nobody again; after a month the reminder does."""
        package = company.named("inferred")
        ours = inside("1.0.0", package.repository.name)
        company.seeded(package, current, ours, outside("9.0.0"), outside("9.1.0", "Archived"))

        for _ in range(3):
            assert company.look(package) == DONE

        assert company.restrictions(package) == current
        assert company.told("mixed") == [(package, 1, 2, "origins[7]")]
        ((subject, text),) = company.attention.messages
        assert "mixed origin" in subject
        assert package.purl() in text
        assert "1 from within the domain, 2 from outside" in text
        company.now += timedelta(days=31)
        company.look(package)
        assert len(company.told("mixed")) == 2

    @pytest.mark.parametrize("kind", ["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"])
    @pytest.mark.parametrize("mode", ["BLOCK", "ALLOW_SPECIFIC_REPOSITORIES"])
    def test_where_a_package_group_decides_nothing_is_inferred(
        self, company: OriginCompany, kind: str, mode: str
    ) -> None:
        """One effective mode other than ALLOW is enough, also an inherited one."""
        company.group("/npm/inferred/*", **{kind: mode})  # type: ignore[arg-type]  # from the table
        package = company.named("inferred")
        company.group(f"/npm/inferred/{package.name}$")
        company.seeded(package, OPEN, outside("1.0.0"))

        company.look(package)

        assert company.restrictions(package) == OPEN

    def test_a_package_that_only_resembles_a_group_is_left(self, company: OriginCompany) -> None:
        """Its association is WEAK: the group blocks it anyway."""
        package = company.named("inferred", name="web.UI")
        company.group("/npm/inferred/web-ui$", PUBLISH="ALLOW")
        company.seeded(package, OPEN, outside("1.0.0"))

        company.look(package)

        assert company.restrictions(package) == OPEN

    def test_nothing_is_inferred_where_the_policy_promotes_to(self, company: OriginCompany) -> None:
        """Its versions come by copy: how they entered the domain says nothing."""
        approved = Package(company.new_repository(APPROVED), "npm", "inferred", "ui")
        company.seeded(approved, OPEN, outside("1.0.0"))

        company.look(approved)
        company.sweep(approved.repository)

        assert company.restrictions(approved) == OPEN
        assert company.requests() == {"ListPackages": 1}


def tightest(current: Restrictions, inferred: Restrictions | None) -> Restrictions:
    """Return the stricter one of both, by hand."""
    if inferred is None:
        return current
    if current in (CLOSED, inferred):
        return current
    return inferred if current == OPEN else CLOSED
