"""The engine on a local CodeArtifact: what its repositories hold afterwards, and what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from steward.coordinates import Format
from tests.functional.local_codeartifact import Swappable
from tests.functional.warming_domain import (
    CONNECTIONS,
    DOMAIN,
    GROUP,
    REPOSITORY,
    WarmingDomain,
    coordinates_of,
    files_of,
    package,
    states,
    wanted,
    warming_domain,
)
from warm_caches.engine import How
from warm_caches.values import Wanted, WantedVersion

FORMATS: tuple[Format, ...] = tuple(CONNECTIONS)
each_format = pytest.mark.parametrize("package_format", FORMATS)
# What is asked of the endpoint; the rest are calls of the API.
PLANE = ("pypi:", "npm:", "maven:")


@pytest.fixture
def domain(emulator_server: tuple[str, Swappable]) -> Iterator[WarmingDomain]:
    """A fresh domain, of which nothing is warm; ``lib`` 1.0 and 1.1 are public in each format."""
    with warming_domain(*emulator_server) as made:
        for package_format in FORMATS:
            made.offer(package_format, "lib", "1.0.0", "1.1.0")
        yield made


def asked(counts: dict[str, int]) -> int:
    """Return how many requests the endpoint got."""
    return sum(number for name, number in counts.items() if name.startswith(PLANE))


def test_a_cold_repository_holds_afterwards_what_was_wanted(domain: WarmingDomain) -> None:
    """In the repository that was warmed, and in the store that has the external connection."""
    found = domain.warm_until_listed(*(wanted(one, "lib", "1.0.0") for one in FORMATS))
    assert set(found.values()) == {"fetched"}
    assert len(found) == 3
    for one in FORMATS:
        assert domain.held(package(one, "lib")) == {"1.0.0": "Published"}


@pytest.mark.parametrize(
    ("package_format", "requests"),
    [
        pytest.param("pypi", {"pypi:GetSimple": 1, "pypi:GetFile": 1}, id="pypi: page and file"),
        pytest.param("npm", {"npm:GetTarball": 1}, id="npm: the tarball"),
        pytest.param("maven", {"maven:GetAsset": 2}, id="maven: POM and JAR"),
    ],
)
def test_what_a_missing_version_costs(
    domain: WarmingDomain, package_format: Format, requests: dict[str, int]
) -> None:
    """Two lists, a token, an endpoint, and the requests of its format."""
    with domain.counted() as counts:
        domain.warm(wanted(package_format, "lib", "1.0.0"))
    assert counts == {
        "ListPackageVersions": 2,
        "GetAuthorizationToken": 1,
        "GetRepositoryEndpoint": 1,
        **requests,
    }


def test_a_warm_repository_costs_one_list_a_package(domain: WarmingDomain) -> None:
    """No request to the endpoint, no token, nothing else."""
    some = [wanted(one, "lib", "1.0.0", "1.1.0") for one in FORMATS]
    domain.warm_until_listed(*some)
    with domain.counted() as counts:
        warmed = domain.warm(*some)
    assert counts == {"ListPackageVersions": 3}
    assert warmed.tally.warm == 6
    assert warmed.lists == 3


@each_format
def test_only_what_is_missing_is_asked_for(domain: WarmingDomain, package_format: Format) -> None:
    """Of a package of which another version is there."""
    domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    found = domain.warm_until_listed(wanted(package_format, "lib", "1.0.0", "1.1.0"))
    assert sorted(found.values()) == ["fetched", "warm"]
    assert domain.held(package(package_format, "lib")).keys() == {"1.0.0", "1.1.0"}


def test_what_is_seen_only_later_waits_and_is_not_downloaded(domain: WarmingDomain) -> None:
    """The delay of some minutes, after which CodeArtifact lists what it has taken in."""
    domain.local.faults(visibilityDelaySeconds=180)
    first = domain.warm(wanted("npm", "lib", "1.0.0"))
    assert states(first) == {"pkg:npm/lib@1.0.0": "waiting"}
    domain.local.admin("PUT", "clock", {"advance": 181})
    with domain.counted() as counts:
        second = domain.warm(*first.waiting, how=How(attempt=2))
    assert states(second) == {"pkg:npm/lib@1.0.0": "fetched"}
    assert counts == {"ListPackageVersions": 1}


@each_format
def test_a_redirect_that_brings_nothing_in_is_followed_by_the_next_attempt(
    domain: WarmingDomain, package_format: Format
) -> None:
    """Whether the redirect alone makes CodeArtifact take a version in is not documented."""
    domain.local.faults(ingestsBeforeDownload=False)
    first = domain.warm(wanted(package_format, "lib", "1.0.0"))
    assert domain.warm_until_listed(*first.waiting, how=How(attempt=2)) or not first.waiting
    assert domain.held(package(package_format, "lib")) == {"1.0.0": "Published"}


def test_origin_controls_are_an_answer(domain: WarmingDomain) -> None:
    """Of the package; nothing is left to be tried again."""
    domain.local.client().put_package_origin_configuration(
        domain=DOMAIN,
        repository=REPOSITORY.name,
        format="npm",
        package="lib",
        restrictions={"publish": "ALLOW", "upstream": "BLOCK"},
    )
    warmed = domain.warm(wanted("npm", "lib", "1.0.0"))
    (outcome,) = warmed.outcomes
    assert (outcome.state, warmed.left, warmed.waiting) == ("blocked", (), ())
    assert outcome.reason == "the origin controls of the package block upstream"


def test_a_package_group_is_an_answer(domain: WarmingDomain) -> None:
    """The group is named."""
    client = domain.local.client()
    client.create_package_group(domain=DOMAIN, packageGroup="/npm//lib$")
    client.update_package_group_origin_configuration(
        domain=DOMAIN, packageGroup="/npm//lib$", restrictions={"EXTERNAL_UPSTREAM": "BLOCK"}
    )
    (outcome,) = domain.warm(wanted("npm", "lib", "1.0.0")).outcomes
    assert outcome.state == "blocked"
    assert outcome.reason == "the package group /npm//lib$ has EXTERNAL_UPSTREAM BLOCK"


@each_format
def test_what_does_not_exist_is_not_found(domain: WarmingDomain, package_format: Format) -> None:
    """A version, or the whole package; the rest goes on."""
    found = domain.warm_until_listed(
        wanted(package_format, "lib", "9.9.9", "1.0.0"), wanted(package_format, "nothing", "1.0.0")
    )
    assert sorted(found.values()) == ["fetched", "not found", "not found"]


def test_an_archived_version_is_not_asked_for(domain: WarmingDomain) -> None:
    """Somebody has archived it: that is an answer."""
    domain.warm_until_listed(wanted("npm", "lib", "1.0.0"))
    domain.local.client().update_package_versions_status(
        domain=DOMAIN,
        repository=REPOSITORY.name,
        format="npm",
        package="lib",
        versions=["1.0.0"],
        targetStatus="Archived",
    )
    with domain.counted() as counts:
        (outcome,) = domain.warm(wanted("npm", "lib", "1.0.0")).outcomes
    assert (outcome.state, outcome.reason) == ("blocked", "it is Archived in the repository")
    assert counts == {"ListPackageVersions": 1}


def test_a_yanked_version_comes_in_with_a_note(domain: WarmingDomain) -> None:
    """If it is locked; as one of the newest it does not."""
    files = {file: {"yanked": "broken"} for file in files_of("pypi", "lib", "1.2.0")}
    domain.offer("pypi", "lib", "1.2.0", says={"files": files})
    warmed = domain.warm(wanted("pypi", "lib", "1.2.0"))
    assert [one.note for one in warmed.outcomes] == ["withdrawn: broken"]
    found = domain.warm_until_listed(Wanted(package("pypi", "lib"), newest=1))
    assert found == {"pkg:pypi/lib@1.1.0": "fetched"}


def _hash(domain: WarmingDomain, package_format: Format) -> str:
    """Return the hash of the file that builds use, as a lock file states it."""
    file = files_of(package_format, "lib", "1.0.0")[1 if package_format == "maven" else 0]
    content = domain.public[package_format].content[f"lib/1.0.0/{file}"]
    return f"SHA-256:{hashlib.sha256(content).hexdigest()}"


@each_format
@pytest.mark.parametrize("is_held", [False, True], ids=["downloaded", "held before"])
def test_what_has_the_hash_of_the_lock_file_is_warm(
    domain: WarmingDomain,
    package_format: Format,
    is_held: bool,  # noqa: FBT001  a case
) -> None:
    """Whether it is downloaded for that, or CodeArtifact lists its hashes."""
    if is_held:
        domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    one = WantedVersion("1.0.0", frozenset({_hash(domain, package_format)}))
    found = domain.warm_until_listed(wanted(package_format, "lib", one), how=How(verify=True))
    assert list(found.values()) == ["warm" if is_held else "fetched"]


@each_format
@pytest.mark.parametrize("is_held", [False, True], ids=["downloaded", "held before"])
@pytest.mark.parametrize("archives", [False, True], ids=["report", "archive"])
def test_what_has_another_hash_is_a_mismatch(
    domain: WarmingDomain,
    package_format: Format,
    is_held: bool,  # noqa: FBT001  a case
    archives: bool,  # noqa: FBT001  a case
) -> None:
    """It is told at once, and archived if the rule says so, when it is listed at the latest."""
    if is_held:
        domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    one = WantedVersion("1.0.0", frozenset({"SHA-256:" + "0" * 64}))
    how = How(verify=True, archive_mismatches=archives, rule="caches[0]")
    first = domain.warm(wanted(package_format, "lib", one), how=how)
    assert [one.state for one in first.outcomes] == ["mismatch"]
    domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    domain.warm(*first.waiting, how=How(verify=True, archive_mismatches=True, attempt=2))
    expected = "Archived" if archives else "Published"
    assert domain.held(package(package_format, "lib")) == {"1.0.0": expected}
    assert len(domain.ledger.recorded) == archives


def test_observe_mode_asks_the_endpoint_for_nothing(domain: WarmingDomain) -> None:
    """It lists, and says what would be fetched."""
    domain.warm_until_listed(wanted("npm", "lib", "1.0.0"))
    with domain.counted() as counts:
        warmed = domain.warm(
            wanted("npm", "lib", "1.0.0", "1.1.0"),
            Wanted(package("pypi", "lib"), newest=1),
            observe=True,
        )
    assert sorted(states(warmed).values()) == ["warm", "would fetch", "would fetch"]
    assert counts == {"ListPackageVersions": 2}


@each_format
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param({"newest": 1}, {"1.1.0"}, id="the newest"),
        pytest.param({"newest": 2}, {"1.1.0", "1.0.0"}, id="the two newest"),
        pytest.param({"newest": 1, "prereleases": True}, {"2.0.0-rc.1"}, id="a pre-release"),
    ],
)
def test_the_newest_versions_come_in(
    domain: WarmingDomain, package_format: Format, rule: dict[str, int], expected: set[str]
) -> None:
    """As the endpoint lists them, releases only unless the rule says otherwise."""
    rc = "2.0.0rc1" if package_format == "pypi" else "2.0.0-rc.1"
    domain.offer(package_format, "lib", rc)
    one = package(package_format, "lib")
    found = domain.warm_until_listed(Wanted(one, **rule))  # type: ignore[arg-type]  # of the table
    assert set(found.values()) == {"fetched"}
    assert domain.held(one).keys() == {rc if "rc" in each else each for each in expected}


@pytest.mark.parametrize(
    ("package_format", "within"),
    [("pypi", "<1.1"), ("npm", "~1.0.0"), ("maven", "[1.0,1.1)")],
)
def test_the_newest_version_in_a_range_comes_in(
    domain: WarmingDomain, package_format: Format, within: str
) -> None:
    """The range is in the syntax of the format."""
    found = domain.warm_until_listed(Wanted(package(package_format, "lib"), newest=1, range=within))
    assert list(found) == [package(package_format, "lib").purl("1.0.0")]


@each_format
def test_what_is_held_is_kept_up_with(domain: WarmingDomain, package_format: Format) -> None:
    """A newer version that comes out is there after the next run; the versions between are not."""
    domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    domain.offer(package_format, "lib", "1.2.0")
    domain.local.admin("PUT", "clock", {"advance": "PT4H"})
    keep_up = Wanted(package(package_format, "lib"), newest=1, keep_up=True)
    # Maven's first request after some hours only makes CodeArtifact look: row by row, run by run.
    for _ in range(10):
        domain.warm_until_listed(keep_up)
    assert domain.held(package(package_format, "lib")).keys() >= {"1.0.0", "1.2.0"}
    with domain.counted() as counts:
        assert domain.warm(keep_up).outcomes == ()
    assert (counts["ListPackageVersions"], asked(counts)) == (1, 1)


@pytest.mark.parametrize("package_format", ["npm", "maven"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_connection_that_is_down_is_left_alone(
    domain: WarmingDomain, package_format: Format, status: int
) -> None:
    """Three requests without an answer, then nothing more of that format; the others go on."""
    others = {one for one in FORMATS if one != package_format}
    domain.local.faults(
        externalConnections={CONNECTIONS[package_format]: "down"},
        unavailableConnectionStatus=status,
    )
    names = [f"p{number}" for number in range(12)]
    for name in names:
        domain.offer(package_format, name, "1.0.0")
    some = [wanted(package_format, name, "1.0.0") for name in names]
    with domain.counted() as counts:
        warmed = domain.warm(*some, *(wanted(one, "lib", "1.0.0") for one in others))
    assert warmed.unanswered == {package_format}
    assert warmed.answered == others
    assert len(warmed.left) == 12
    of_format = [number for name, number in counts.items() if name.startswith(package_format)]
    assert sum(of_format) == 3
    domain.local.faults()
    assert list(domain.warm_until_listed(*warmed.left).values()) == ["fetched"] * 12


@pytest.mark.parametrize("package_format", ["npm", "maven", "pypi"])
def test_an_outage_that_looks_like_not_found_is_asked_about_again(
    domain: WarmingDomain, package_format: Format
) -> None:
    """What CodeArtifact answers in an outage is not documented; the next run fetches it."""
    health = {CONNECTIONS[package_format]: "down"}
    domain.local.faults(externalConnections=health, unavailableConnectionStatus=404)
    found = states(domain.warm(wanted(package_format, "lib", "1.0.0")))
    assert list(found.values()) == ["not found"]
    domain.local.faults()
    found = domain.warm_until_listed(wanted(package_format, "lib", "1.0.0"))
    assert list(found.values()) == ["fetched"]


def test_a_connection_that_is_too_slow_is_one_that_gives_no_answer(domain: WarmingDomain) -> None:
    """Nobody waits longer than the patience of a request, three times."""
    domain.patience_seconds = 0.2
    domain.local.faults(externalConnections={"public:npmjs": "slow"})
    warmed = domain.warm(wanted("npm", "lib", "1.0.0", "1.1.0"), wanted("maven", "lib", "1.0.0"))
    assert warmed.unanswered == {"npm"}
    assert warmed.left == (wanted("npm", "lib", "1.0.0", "1.1.0"),)


def test_parents_and_boms_come_in_once(domain: WarmingDomain) -> None:
    """However many need them, and what they need themselves."""
    parent = f"<parent>{coordinates_of('parent', '7')}</parent>"
    bom = (
        "<packaging>pom</packaging><dependencyManagement><dependencies><dependency>"
        f"{coordinates_of('bom', '3')}<type>pom</type><scope>import</scope>"
        "</dependency></dependencies></dependencyManagement>"
    )
    domain.offer("maven", "parent", "7", pom=bom)
    domain.offer("maven", "bom", "3", pom="<packaging>pom</packaging>")
    for name in ("one", "two"):
        domain.offer("maven", name, "1.0.0", pom=parent)
    with domain.counted() as counts:
        warmed = domain.warm(wanted("maven", "one", "1.0.0"), wanted("maven", "two", "1.0.0"))
    assert len(warmed.outcomes) == 4
    # Of each child POM and JAR, of the parent and the BOM the POM.
    assert counts["maven:GetAsset"] == 2 * 2 + 2
    found = domain.warm_until_listed(wanted("maven", "one", "1.0.0"))
    assert list(found.values()) == ["warm"]
    assert domain.held(package("maven", "parent")) == {"7": "Published"}
    assert domain.held(package("maven", "bom")) == {"3": "Published"}


def test_a_file_with_a_classifier_comes_in(domain: WarmingDomain) -> None:
    """Beside those that are there; it is looked for among the assets."""
    domain.warm_until_listed(wanted("maven", "lib", "1.0.0"))
    one = WantedVersion("1.0.0", files=frozenset({"lib-1.0.0-tests.jar"}))
    domain.warm_until_listed(wanted("maven", "lib", one))
    client = domain.local.client()
    listed = client.list_package_version_assets(
        domain=DOMAIN,
        repository=REPOSITORY.name,
        format="maven",
        namespace=GROUP,
        package="lib",
        packageVersion="1.0.0",
    )
    assert "lib-1.0.0-tests.jar" in {asset["name"] for asset in listed["assets"]}
    with domain.counted() as counts:
        assert list(states(domain.warm(wanted("maven", "lib", one))).values()) == ["warm"]
    assert counts == {"ListPackageVersions": 1, "ListPackageVersionAssets": 1}


def test_a_package_is_asked_for_once_however_many_versions_are_wanted(
    domain: WarmingDomain,
) -> None:
    """One project page for all versions of a PyPI package."""
    domain.offer("pypi", "many", *(f"1.{number}" for number in range(10)))
    many = wanted("pypi", "many", *(f"1.{number}" for number in range(10)))
    with domain.counted() as counts:
        domain.warm(many)
    assert (counts["pypi:GetSimple"], counts["pypi:GetFile"]) == (1, 10)
    assert counts["ListPackageVersions"] == 2


def test_a_large_cold_repository_is_not_listed_package_by_package(domain: WarmingDomain) -> None:
    """Its packages are listed instead, once it is seen that most are not there."""
    names = [f"p{number}" for number in range(150)]
    for name in names:
        domain.offer("npm", name, "1.0.0")
    with domain.counted() as counts:
        warmed = domain.warm(*(wanted("npm", name, "1.0.0") for name in names))
    assert counts["npm:GetTarball"] == 150
    assert 2 <= counts["ListPackages"] <= 1 + 150 // 20
    assert counts["ListPackageVersions"] < 150 + 40
    assert warmed.lists == counts["ListPackages"] + counts["ListPackageVersions"]


def test_switches_that_bring_no_version_in_end_in_failure_not_in_a_loop(
    domain: WarmingDomain,
) -> None:
    """What is asked for, downloaded and still not listed has failed."""
    domain.local.faults(visibilityDelaySeconds=3600)
    waiting: tuple[Wanted, ...] = (wanted("npm", "lib", "1.0.0"),)
    for attempt in (1, 2):
        waiting = domain.warm(*waiting, how=How(attempt=attempt)).waiting
        assert waiting
    last = domain.warm(*waiting, how=How(attempt=3))
    assert states(last) == {"pkg:npm/lib@1.0.0": "failed"}
    assert (last.waiting, last.left) == ((), ())


@each_format
@pytest.mark.parametrize("operation", ["GetAuthorizationToken", "GetRepositoryEndpoint"])
def test_what_is_throttled_on_the_way_in_is_left_for_later(
    domain: WarmingDomain, package_format: Format, operation: str
) -> None:
    """Neither has the version failed nor does the public repository not answer."""
    domain.local.faults(throttle={operation: 0})
    some = [
        wanted(package_format, "lib", "1.0.0"),
        Wanted(package(package_format, "other"), newest=1),
    ]
    warmed = domain.warm(*some)
    assert set(states(warmed).values()) == {"no answer"}
    assert {one.package.name for one in warmed.left} == {"lib", "other"}
    assert not warmed.unanswered
