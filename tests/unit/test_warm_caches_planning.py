"""What a rule of `caches` wants: each package once, from every source, with what is of no use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from steward import clients
from steward.cache_rules import CachedPackage, CacheRule
from steward.coordinates import UNRESTRICTED, Package, Repository, Restrictions
from steward.errors import PackageNotFoundError
from steward.lockfiles import MAX_BYTES, Locked
from steward.patterns import parse
from tests.unit.fake_codeartifact import refused
from warm_caches import planning
from warm_caches.objects import ObjectError, S3Objects
from warm_caches.planning import Sources, plan
from warm_caches.runs import PLAN
from warm_caches.values import Wanted, WantedVersion
from warm_caches.worker import OUTAGE_PAUSES

THERE = Repository("my-company", "012345678901", "DemoRepository")
REACT = Package(THERE, "npm", None, "react")
SCHEDULER = Package(THERE, "npm", None, "scheduler")
SIX = Package(THERE, "pypi", None, "six")
URL = "s3://locks/of/requirements.txt"


@dataclass
class Places:
    """The places where it stands what is wanted."""

    pages: list[list[Package]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    locked: dict[str, tuple[Locked, ...]] = field(default_factory=dict)
    missing: bool = False
    listed: int = 0

    def packages(self, _: Repository) -> Iterator[list[tuple[Package, Restrictions]]]:
        """Yield the packages of the repository, a list for each page."""
        if self.missing:
            raise PackageNotFoundError("ListPackages", "ResourceNotFoundException", "no repository")
        for page in self.pages:
            self.listed += 1
            yield [(package, UNRESTRICTED) for package in page]

    def text(self, url: str) -> str:
        """Return an object."""
        if url not in self.texts:
            raise ObjectError(url, "there is no such object")
        return self.texts[url]

    @property
    def sources(self) -> Sources:
        """All of them."""
        return Sources(self, self, lambda: self.locked)  # type: ignore[arg-type]  # the part of the gateway that plans ask


def rule(**said: Any) -> CacheRule:  # noqa: ANN401  the fields of a rule
    """Return a rule."""
    return CacheRule("caches[0]", THERE.name, **said)


def wanted(found: planning.Plan) -> list[Wanted]:
    """Return what is wanted, of all batches."""
    return [one for batch in found.batches for one in batch]


def test_a_package_is_wanted_once_whoever_wants_it() -> None:
    """By a lock file on S3, by one of the policy, by name and because it is held."""
    places = Places(
        pages=[[REACT, SCHEDULER]],
        texts={URL: "six==1.17.0"},
        locked={"package-lock.json": (Locked("npm", None, "react", "18.2.0"),)},
    )
    found = plan(
        rule(
            lockfiles=("package-lock.json",),
            objects=(URL,),
            packages=(
                CachedPackage("npm", None, "react", "17.0.2"),
                CachedPackage("npm", None, "react", newest=2, range="^18.0.0"),
            ),
            keep_up_with=(parse("/npm//scheduler$"),),
            newest=4,
            prereleases=True,
        ),
        THERE,
        places.sources,
    )
    versions = tuple(WantedVersion(one) for one in ("18.2.0", "17.0.2"))
    assert wanted(found) == [
        Wanted(REACT, versions, newest=2, range="^18.0.0", prereleases=True),
        Wanted(SCHEDULER, newest=4, keep_up=True, prereleases=True),
        Wanted(SIX, (WantedVersion("1.17.0"),)),
    ]
    assert (found.packages, found.problems, found.next_page) == (3, (), None)


def test_nothing_is_listed_unless_the_rule_keeps_up_with_something() -> None:
    """A repository may hold a hundred thousand packages."""
    places = Places(pages=[[REACT]])
    plan(rule(packages=(CachedPackage("npm", None, "react", "1.0"),)), THERE, places.sources)
    assert places.listed == 0


def test_a_plan_without_time_goes_on_with_the_next_page() -> None:
    """What lock files want is planned with the first page, and each page once."""
    pages = [[Package(THERE, "npm", None, f"page-{page}")] for page in range(3)]
    places = Places(pages=pages, locked={"uv.lock": (Locked("pypi", None, "six", "1.17.0"),)})
    keeping = rule(lockfiles=("uv.lock",), keep_up_with=(parse("/npm/*"),))
    names: list[list[str]] = []
    page: int | None = 0
    while page is not None:
        found = plan(keeping, THERE, places.sources, page=page, time_left=lambda: False)
        names.append(sorted(one.package.name for one in wanted(found)))
        page = found.next_page
    assert names == [["page-0", "six"], ["page-1"], ["page-2"], []]


def test_a_repository_that_cannot_be_listed_stops_nothing_else() -> None:
    """It is a problem of the run."""
    places = Places(missing=True, locked={"uv.lock": (Locked("pypi", None, "six", "1.17.0"),)})
    keeping = rule(lockfiles=("uv.lock", "gone.lock"), keep_up_with=(parse("/npm/*"),))
    found = plan(keeping, THERE, places.sources)
    assert [one.package.name for one in wanted(found)] == ["six"]
    assert [one.partition(":")[0] for one in found.problems] == [
        "gone.lock",
        "DemoRepository cannot be listed",
    ]


def test_what_a_lock_file_has_that_cannot_be_warmed_is_reported() -> None:
    """The first twenty entries one by one, with their lines; then how many more there are."""
    lines = ["six==1.17.0", *(f"./folder-{number}" for number in range(25))]
    found = plan(rule(objects=(URL,)), THERE, Places(texts={URL: "\n".join(lines)}).sources)
    assert [one.package.name for one in wanted(found)] == ["six"]
    assert len(found.problems) == 21
    assert found.problems[0].startswith(f"{URL}: line 2: ./folder-0 is passed over: it ")
    assert found.problems[20] == f"{URL}: 5 more entries are passed over"


def test_a_rule_with_too_many_packages_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so: an item of the table has a size."""
    monkeypatch.setattr(planning, "MAX_BATCHES", 2)
    locked = tuple(Locked("npm", None, f"p{number}", "1.0") for number in range(120))
    places = Places(locked={"yarn.lock": locked})
    found = plan(rule(lockfiles=("yarn.lock",)), THERE, places.sources)
    assert [len(batch) for batch in found.batches] == [50, 50]
    assert found.problems == ("too many packages for one run: what follows 2 batches is left out",)


class Piecemeal(BytesIO):
    """A body that says how much of it was read, and may break off."""

    def __init__(self, content: bytes, *, breaks_after: int | None = None) -> None:
        super().__init__(content)
        self.breaks_after = breaks_after
        self.given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next piece."""
        if self.breaks_after is not None and self.given >= self.breaks_after:
            raise ReadTimeoutError(endpoint_url="https://s3.invalid")
        piece = super().read(size)
        self.given += len(piece)
        return piece


@dataclass
class Bucket:
    """S3's GetObject."""

    body: Piecemeal | None = None
    code: str = "NoSuchKey"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, object]:  # noqa: N803  AWS's names
        """Return the object, if there is one."""
        self.asked.append((Bucket, Key))
        if self.body is None:
            raise refused("GetObject", self.code)
        return {"Body": self.body, "ContentLength": 0}


def put(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> Bucket:
    """Let S3 have nothing but *bucket*."""
    monkeypatch.setattr(clients, "s3", lambda: bucket)
    return bucket


def test_an_object_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its key looks like, and with a byte order mark."""
    bucket = put(monkeypatch, Bucket(Piecemeal(b"\xef\xbb\xbfsix==1.17.0")))
    assert S3Objects().text("s3://locks/a b/c%20d/requirements.txt") == "six==1.17.0"
    assert bucket.asked == [("locks", "a b/c%20d/requirements.txt")]
    assert bucket.body is not None
    assert bucket.body.closed


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NoSuchKey", "there is no such object"),
        ("NoSuchBucket", "there is no such bucket"),
        ("AccessDenied", "LockfilesBucket"),
        ("InvalidObjectState", "archived"),
        ("InternalError", "InternalError"),
    ],
)
def test_an_object_that_cannot_be_read_says_why(
    code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its URL, for the summary of the run."""
    put(monkeypatch, Bucket(code=code))
    with pytest.raises(ObjectError, match=f"^s3://locks/uv.lock: .*{words}"):
        S3Objects().text("s3://locks/uv.lock")


def test_an_object_that_breaks_off_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a lock file is none."""
    put(monkeypatch, Bucket(Piecemeal(b"#" * 200_000, breaks_after=100_000)))
    with pytest.raises(ObjectError, match=r"s3://locks/uv\.lock"):
        S3Objects().text("s3://locks/uv.lock")


def test_an_object_that_is_too_large_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A piece more than the limit at most."""
    bucket = put(monkeypatch, Bucket(Piecemeal(b"#" * (MAX_BYTES + 1_000_000))))
    with pytest.raises(ObjectError, match="more than"):
        S3Objects().text("s3://locks/uv.lock")
    assert bucket.body is not None
    assert bucket.body.given <= MAX_BYTES + 65_536


def test_the_ids_of_the_largest_run_fit_into_its_item() -> None:
    """Also where no public repository answers: 400 KB ("Quotas in Amazon DynamoDB")."""
    tries = len(OUTAGE_PAUSES)
    ids = [
        f"{PLAN}.{number}{'.o' * again}"
        for number in range(planning.MAX_BATCHES)
        for again in range(tries + 1)
    ]
    begun_and_ended = 2 * sum(len(one) for one in ids)
    assert begun_and_ended < 400 * 1024 - 50 * 500  # as much as its problems may have
