"""What is missing of what is wanted: the rule, case by case."""

import pytest

from steward.coordinates import Format, Package, PackageVersion, Repository, Status
from warm_caches.decision import Look, Missing, compared, missing
from warm_caches.values import State, WantedVersion

REPOSITORY = Repository("my-company", "012345678901", "DemoRepository")
SHA = "SHA-256:" + "a" * 64
OTHER = "SHA-256:" + "b" * 64
THIRD = "SHA-256:" + "c" * 64
SHA_512 = "SHA-512:" + "d" * 128


def look_at(
    statuses: dict[str, Status],
    wanted: WantedVersion,
    *,
    look: Look = "first",
    package_format: Format = "npm",
    verify: bool = False,
) -> Missing:
    """Look at a package that holds *statuses*."""
    package = Package(REPOSITORY, package_format, None, "nokogiri")
    held = [PackageVersion(version, status) for version, status in statuses.items()]
    return missing(package, [wanted], held, look=look, verify=verify)


def said(found: Missing) -> str:
    """Return what becomes of the one version: a state, or what has to be done."""
    if found.to_fetch:
        return "fetch"
    if found.to_compare:
        return "compare"
    (outcome,) = found.outcomes
    return outcome.state


@pytest.mark.parametrize(
    ("statuses", "look", "expected"),
    [
        pytest.param({"1.0.0": "Published"}, "first", "warm", id="published is warm"),
        pytest.param({"1.0.0": "Unlisted"}, "first", "warm", id="unlisted is served"),
        pytest.param({"1.0.0": "Archived"}, "first", "blocked", id="archived is an answer"),
        pytest.param({"1.0.0": "Disposed"}, "first", "blocked", id="disposed is an answer"),
        pytest.param({"1.0.0": "Unfinished"}, "first", "blocked", id="unfinished is not served"),
        pytest.param({"1.0.0": "Deleted"}, "first", "fetch", id="deleted may come in again"),
        pytest.param({}, "first", "fetch", id="a package that is not there"),
        pytest.param({"1.0.1": "Published"}, "first", "fetch", id="another version is no help"),
        pytest.param({}, "confirming", "waiting", id="asked for a moment ago"),
        pytest.param({"1.0.0": "Published"}, "confirming", "fetched", id="there because of us"),
        pytest.param({"1.0.0": "Archived"}, "confirming", "blocked", id="archived meanwhile"),
        pytest.param({}, "again", "fetch", id="asked for minutes ago, to be downloaded"),
        pytest.param({"1.0.0": "Published"}, "again", "fetched", id="listed minutes later"),
        pytest.param({}, "last", "failed", id="downloaded and never listed"),
        pytest.param({"1.0.0": "Published"}, "last", "fetched", id="listed at last"),
    ],
)
def test_what_a_version_is(statuses: dict[str, Status], look: Look, expected: State) -> None:
    """By what the repository lists, and how often we have asked."""
    assert said(look_at(statuses, WantedVersion("1.0.0"), look=look)) == expected


@pytest.mark.parametrize(
    ("package_format", "stored", "wanted", "expected"),
    [
        pytest.param("pypi", "1.0", "1.0.0", "warm", id="PyPI's 1.0 is 1.0.0"),
        pytest.param("pypi", "1.0.post1", "1.0-1", "warm", id="PyPI's post-releases"),
        pytest.param("pypi", "1.0+local", "1.0", "fetch", id="a local version is another one"),
        pytest.param("nuget", "1.0.0", "1.0", "warm", id="NuGet's 1.0 is 1.0.0"),
        pytest.param("nuget", "1.0.0-RC1", "1.0.0-rc1", "warm", id="NuGet's labels have no case"),
        pytest.param("maven", "1.0", "1.0.0", "fetch", id="Maven's are two paths"),
        pytest.param("npm", "1.0.0", "1.0.0+b", "fetch", id="npm has one spelling"),
        pytest.param("cargo", "1.0.0+b", "1.0.0+b", "warm", id="Cargo keeps build metadata"),
    ],
)
def test_versions_are_found_however_they_are_spelt(
    package_format: Format, stored: str, wanted: str, expected: str
) -> None:
    """Where the format says that two texts are one version, and CodeArtifact stores one of them."""
    found = look_at({stored: "Published"}, WantedVersion(wanted), package_format=package_format)
    assert said(found) == expected


GEM = frozenset({"nokogiri-1.0-x86_64-linux.gem"})


@pytest.mark.parametrize(
    ("statuses", "wanted", "verify", "look", "expected"),
    [
        pytest.param({"1.0": "Published"}, WantedVersion("1.0", files=GEM), False, "first",
                     "compare", id="its assets tell about files"),
        pytest.param({"1.0": "Published"}, WantedVersion("1.0", files=GEM), False, "confirming",
                     "compare", id="after a fetch, too"),
        pytest.param({"1.0-x86_64-linux": "Published"}, WantedVersion("1.0", files=GEM), False,
                     "first", "warm", id="a gem whose platform is in its version"),
        pytest.param({"1.0-x86_64-linux": "Archived"}, WantedVersion("1.0", files=GEM), False,
                     "first", "fetch", id="unless that is not served"),
        pytest.param({"1.0": "Published", "1.0-x86_64-linux": "Published"},
                     WantedVersion("1.0", files=GEM), False, "first", "warm", id="or both"),
        pytest.param({"1.0": "Published"}, WantedVersion("1.0", hashes=frozenset({SHA})), True,
                     "first", "compare", id="hashes are compared if they are to be verified"),
        pytest.param({"1.0": "Published"}, WantedVersion("1.0", hashes=frozenset({SHA})), False,
                     "first", "warm", id="and not otherwise"),
        pytest.param({"1.0": "Published"}, WantedVersion("1.0"), True, "first", "warm",
                     id="nothing to verify"),
        pytest.param({"1.0": "Published"}, WantedVersion("1.0", hashes=frozenset({SHA})), True,
                     "confirming", "fetched", id="what was downloaded has been verified"),
    ],
)  # fmt: skip
def test_files_and_hashes(
    statuses: dict[str, Status],
    wanted: WantedVersion,
    verify: bool,  # noqa: FBT001  a column of the table
    look: Look,
    expected: str,
) -> None:
    """A version that is served may still lack what is wanted of it."""
    found = look_at(statuses, wanted, look=look, package_format="ruby", verify=verify)
    assert said(found) == expected


@pytest.mark.parametrize(
    ("package_format", "stated", "assets", "is_mismatch"),
    [
        pytest.param("npm", {SHA}, {"package.tgz": SHA}, False, id="npm: its own"),
        pytest.param("npm", {SHA}, {"package.tgz": OTHER}, True, id="npm: another"),
        pytest.param("npm", {SHA_512}, {"package.tgz": OTHER}, False, id="of another kind"),
        pytest.param("npm", {SHA}, {}, False, id="no asset says anything"),
        pytest.param("pypi", {SHA, OTHER}, {"a.whl": SHA}, False, id="PyPI: not all files here"),
        pytest.param("pypi", {SHA}, {"a.whl": SHA, "b.whl": OTHER}, False, id="PyPI: added later"),
        pytest.param("pypi", {SHA, OTHER}, {"a.whl": SHA, "b.whl": THIRD}, True,
                     id="PyPI: one was replaced"),
        pytest.param("pypi", {SHA}, {"a.whl": OTHER}, True, id="PyPI: the only one differs"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0.jar": OTHER}, False,
                     id="Maven: POM and JAR"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0.jar": THIRD}, True,
                     id="Maven: the JAR was replaced"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0-javadoc.jar": THIRD}, False,
                     id="Maven: documentation is in no lock file"),
        pytest.param("maven", {SHA}, {"n-1.0.pom": OTHER, "n-1.0.jar": SHA}, False,
                     id="Maven: only the JAR is stated"),
    ],
)  # fmt: skip
def test_a_mismatch_is_a_file_that_nobody_stated_in_place_of_one_that_somebody_did(
    package_format: Format,
    stated: set[str],
    assets: dict[str, str],
    is_mismatch: bool,  # noqa: FBT001  a column
) -> None:
    """Files that came in later, or never, are none."""
    package = Package(REPOSITORY, package_format, None, "n")
    hashes = {name: dict([digest.split(":")]) for name, digest in assets.items()}
    wanted = WantedVersion("1.0", hashes=frozenset(stated))
    found = compared(package, wanted, hashes, verify=True)
    assert bool(found.mismatch) == is_mismatch
    assert not compared(package, wanted, hashes, verify=False).mismatch


def test_files_that_are_wanted_and_missing_are_named() -> None:
    """So that these alone are asked for."""
    package = Package(REPOSITORY, "maven", "org.example", "n")
    wanted = WantedVersion("1.0", files=frozenset({"n-1.0-linux.jar", "n-1.0-tests.jar"}))
    found = compared(package, wanted, {"n-1.0.jar": {}, "n-1.0-tests.jar": {}}, verify=False)
    assert found.files == {"n-1.0-linux.jar"}
