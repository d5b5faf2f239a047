"""A company in which every automation has something to do, and what the policy makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DOMAIN = "my-company"
TEAM, INTAKE, APPROVED = "team", "intake", "approved"
DAY = timedelta(days=1)
NAMES = 100  # so many companies may be seeded one after the other; the lock file knows them all
POLICY = f"""\
domain: {DOMAIN}
snapshots:
  - packages: /maven/com.mycompany~
    repositories: {TEAM}
origins:
  - packages: /npm/mycompany/*
    kind: internal
promotions:
  - name: checked
    packages: /pypi/*
    from: {INTAKE}
    to: {APPROVED}
    require:
      minimum_age: P7D
retention:
  - packages: /maven/com.mycompany~
    repositories: {TEAM}
    versions: snapshot-builds
    keep_newest: 3
    when_released: {{grace: P7D}}
    unfinished_after: P90D
    then: delete
  - packages: /npm/lab/*
    versions: prereleases
    keep_newest: 1
    keep_younger_than: P60D
    then: dispose
  - packages: /npm/lab/*
    versions: releases
    keep_newest: 2
    keep_younger_than: P60D
    keep: "1.0.*"
    lockfiles: package-lock.json
    then: delete
  - packages: /npm/soft/*
    versions: releases
    keep_newest: 1
    then: [unlist, {{archive: P14D}}, {{delete: P30D}}]
  - packages: /generic/com.mycompany/*
    versions: all
    keep_newest: 2
    keep_younger_than: P60D
    then: archive
  - packages: /pypi/*
    repositories: {INTAKE}
    versions: releases
    keep_newest: 1
    then: archive
"""
OUTSIDE = {
    "originType": "EXTERNAL",
    "domainEntryPoint": {"externalConnectionName": "public:npmjs"},
}


@dataclass(frozen=True, slots=True)
class Held:
    """
    A version before the sweep and after it.

    Attributes:
        after: ``None``: it is gone.
        days: How old it is.
    """

    version: str
    before: str
    after: str | None
    days: float = 1
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Stocked:
    """A package of one repository, and how its door stands before and after."""

    repository: str
    kind: str
    name: str
    versions: Sequence[Held]
    namespace: str | None = None
    door: tuple[str, str] | None = None
    in_the_end: str | None = None

    @property
    def key(self) -> str:
        """Return what a state knows it by."""
        return f"{self.repository}: {self.name}"

    def document(self, now: datetime) -> dict[str, object]:
        """Return the package as the seed document has it."""
        versions = [
            {
                "version": one.version,
                "status": one.before,
                "publishedTime": (now - one.days * DAY).isoformat(),
                "originalPublishTime": (now - one.days * DAY).isoformat(),
                **({"origin": OUTSIDE} if one.outside else {}),
                **({"assets": []} if one.before == "Disposed" else {}),
            }
            for one in self.versions
            if one.before
        ]
        named: dict[str, object] = {"format": self.kind, "package": self.name, "versions": versions}
        if self.namespace is not None:
            named["namespace"] = self.namespace
        if self.door is not None:
            named["restrictions"] = dict(zip(("publish", "upstream"), self.door, strict=True))
        return named


@dataclass
class Company:
    """
    The packages of one round; no other round has any of the same name.

    Attributes:
        now: The time of the local CodeArtifact when they were seeded.
    """

    number: int
    now: datetime
    packages: list[Stocked] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Every automation has something to do, and something to leave."""
        self.packages = [*self._builds(), *self._npm(), self._generic(), *self._promoted()]

    def name(self, word: str) -> str:
        """Return the name of a package of this round."""
        return f"{word}-{self.number}"

    def build(self, base: str, days: float, number: int) -> str:
        """Return the name of a build that is so many days old."""
        return f"{base}-{(self.now - days * DAY):%Y%m%d.%H%M%S}-{number}"

    def _maven(self, word: str, *versions: Held) -> Stocked:
        return Stocked(TEAM, "maven", self.name(word), versions, "com.mycompany")

    def _builds(self) -> list[Stocked]:
        build = self.build
        return [
            self._maven(
                "app",
                Held(build("1.0", 40, 1), "Published", None, 40),
                Held(build("1.0", 39, 2), "Unlisted", None, 39),
                Held(build("1.0", 3, 3), "Published", "Unlisted", 3),
                Held(build("1.0", 2, 4), "Published", "Unlisted", 2),
                Held(build("1.0", 1, 5), "Published", "Published", 1),
                Held("1.0-SNAPSHOT", "Published", "Published", 1),
            ),
            # An upload that somebody gave up, and a build after it.
            self._maven(
                "given-up",
                Held(build("1.0", 2, 1), "Unfinished", "Unlisted", 2),
                Held(build("1.0", 1, 2), "Unlisted", "Unlisted", 1),
            ),
            self._maven(
                "released",
                Held(build("2.0", 30, 1), "Unlisted", None, 30),
                Held(build("2.0", 29, 2), "Unlisted", None, 29),
                Held("2.0-SNAPSHOT", "Published", None, 29),
                Held("2.0", "Published", "Published", 8),
            ),
        ]

    def _npm(self) -> list[Stocked]:
        return [
            Stocked(
                TEAM,
                "npm",
                self.name("ui"),
                [
                    Held("1.0.0", "Published", "Published"),
                    Held("99.0.0", "Published", "Archived", outside=True),
                ],
                "mycompany",
                ("ALLOW", "ALLOW"),
                "publish ALLOW, upstream BLOCK",
            ),
            Stocked(
                TEAM,
                "npm",
                self.name("tool"),
                [
                    Held("1.0.0", "Published", "Published", 400),  # a pattern of keep
                    Held("2.0.0", "Published", "Published", 390),  # the lock file
                    Held("9.0.0", "Published", None, 380),
                    Held("10.0.0", "Published", None, 370),
                    Held("11.0.0", "Unlisted", None, 360),
                    Held("12.0.0", "Published", "Published", 30),  # young
                    Held("13.0.0", "Published", "Published", 20),
                    Held("14.0.0", "Published", "Published", 1),
                    Held("9.5.0", "Unfinished", None, 300),  # a leftover
                    Held("9.6.0", "Unfinished", "Unfinished", 1),
                    Held("3.0.0-beta.1", "Published", "Disposed", 350),
                    Held("3.0.0-beta.2", "Archived", "Disposed", 340),
                    Held("3.0.0-beta.3", "Unfinished", "Disposed", 330),
                    Held("3.0.0-beta.4", "Disposed", "Disposed", 320),
                    Held("3.0.0-beta.5", "Published", "Published", 310),  # the newest
                ],
                "lab",
            ),
            Stocked(
                TEAM,
                "npm",
                self.name("slow"),
                [
                    Held("1.0.0", "Published", "Unlisted", 100),
                    Held("1.1.0", "Unlisted", "Unlisted", 90),
                    Held("2.0.0", "Published", "Published", 80),
                ],
                "soft",
            ),
        ]

    def _generic(self) -> Stocked:
        versions = [
            Held("zebra", "Published", "Archived", 200),
            Held("yak", "Published", "Archived", 190),
            Held("half", "Unfinished", "Archived", 180),
            Held("ant", "Published", "Published", 170),
            Held("bee", "Published", "Published", 160),
        ]
        return Stocked(TEAM, "generic", self.name("images"), versions, "com.mycompany")

    def _promoted(self) -> list[Stocked]:
        name = self.name("requests")
        intake = [
            Held("0.9", "Unlisted", "Archived", 300),  # nobody judges what is not published
            Held("1.0", "Published", "Published", 200),  # stands in the other repository
            Held("2.0", "Published", "Published", 100),
        ]
        approved = [
            Held("1.0", "Published", "Published", 150),
            Held("2.0", "", "Published"),  # comes there
        ]
        return [
            Stocked(INTAKE, "pypi", name, intake),
            Stocked(APPROVED, "pypi", name, approved),
        ]

    def state(self) -> dict[str, dict[str, str]]:
        """Return what the policy wants: by package and version the status; ``door`` if it shut."""
        return {
            one.key: {each.version: each.after for each in one.versions if each.after is not None}
            | ({"door": one.in_the_end} if one.in_the_end else {})
            for one in self.packages
        }

    def before(self) -> dict[str, dict[str, str]]:
        """Return what there is before the sweep, as :meth:`state` does."""
        return {
            one.key: {each.version: each.before for each in one.versions if each.before}
            | ({"door": door_of(*one.door)} if one.door is not None else {})
            for one in self.packages
        }


def door_of(publish: str, upstream: str) -> str:
    """Return how the restrictions of a package are written here."""
    return f"publish {publish}, upstream {upstream}"
