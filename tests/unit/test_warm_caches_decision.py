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
        pytest.param("pypi", {SHA, OTHER}, {"a.whl": SHA, "b.whl": THIRD}, False,
                     id="PyPI: one more than the lock file knows, one less"),
        pytest.param("pypi", {SHA, OTHER}, {"a.whl": THIRD, "b.whl": THIRD}, True,
                     id="PyPI: all were replaced"),
        pytest.param("pypi", {SHA}, {"a.whl": OTHER}, True, id="PyPI: the only one differs"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0.jar": OTHER}, False,
                     id="Maven: POM and JAR"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0.jar": THIRD}, False,
                     id="Maven: nobody says that the JAR is meant"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": THIRD, "n-1.0.jar": THIRD}, True,
                     id="Maven: everything was replaced"),
        pytest.param("ruby", {SHA}, {"n-1.0.gem": OTHER, "n-1.0-java.gem": SHA}, True,
                     id="Ruby: the gem itself is meant"),
        pytest.param("ruby", {SHA}, {"n-1.0-java.gem": OTHER}, False,
                     id="Ruby: a gem of a platform is not"),
        pytest.param("maven", {SHA, OTHER}, {"n-1.0.pom": SHA, "n-1.0-javadoc.jar": THIRD}, False,
                     id="Maven: documentation is in no lock file"),
        pytest.param("maven", {SHA}, {"n-1.0.pom": OTHER, "n-1.0.jar": SHA}, False,
                     id="Maven: only the JAR is stated"),
        pytest.param("maven", {SHA}, {"n-1.0.pom": OTHER}, False,
                     id="Maven: the JAR is on its way"),
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


POM, JAR, MODULE, LINUX = "n-1.0.pom", "n-1.0.jar", "n-1.0.module", "n-1.0-linux.jar"


@pytest.mark.parametrize(
    ("named", "stated", "assets", "wrong"),
    [
        pytest.param({POM, JAR}, {SHA, OTHER}, {POM: SHA, JAR: THIRD}, JAR, id="the JAR"),
        pytest.param({POM, JAR}, {SHA, OTHER}, {POM: THIRD, JAR: OTHER}, POM, id="the POM"),
        pytest.param({JAR}, {SHA}, {POM: THIRD, JAR: SHA}, "", id="verify-metadata is false"),
        pytest.param({JAR}, {SHA, OTHER}, {POM: THIRD, JAR: SHA}, "", id="also-trust"),
        pytest.param({POM, MODULE}, {SHA, OTHER}, {POM: SHA, JAR: THIRD}, "",
                     id="a version of which a build has only read the metadata"),
        pytest.param({POM, LINUX}, {SHA, OTHER}, {POM: SHA, JAR: THIRD}, "",
                     id="only its file with a classifier is used, which is not there yet"),
        pytest.param({POM, LINUX}, {SHA, OTHER}, {POM: SHA, JAR: THIRD, LINUX: THIRD}, LINUX,
                     id="the file with a classifier"),
        pytest.param({LINUX}, {SHA}, {POM: OTHER, JAR: THIRD}, "", id="nothing of it is here"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("downloaded", [False, True], ids=["held", "downloaded"])
def test_where_files_are_named_each_of_them_is_compared_and_no_other(
    named: set[str],
    stated: set[str],
    assets: dict[str, str],
    wrong: str,
    downloaded: bool,  # noqa: FBT001  a case
) -> None:
    """As Gradle's verification metadata name them."""
    package = Package(REPOSITORY, "maven", "org.example", "n")
    hashes = {name: dict([digest.split(":")]) for name, digest in assets.items()}
    wanted = WantedVersion("1.0", frozenset(stated), frozenset(named))
    found = compared(package, wanted, hashes, verify=True, downloaded=downloaded)
    assert (wrong in found.mismatch) if wrong else not found.mismatch
    assert found.files == named - assets.keys()


def test_of_what_was_downloaded_from_pypi_each_file_is_compared() -> None:
    """Only what is locked was downloaded: one that differs was replaced."""
    package = Package(REPOSITORY, "pypi", None, "n")
    wanted = WantedVersion("1.0", hashes=frozenset({SHA, OTHER}))
    files = {name: dict([digest.split(":")]) for name, digest in (("a", SHA), ("b", THIRD))}
    assert "b (" in compared(package, wanted, files, verify=True, downloaded=True).mismatch


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param({"1.0-x86_64-linux": "Published"}, "compare", id="a version of its own"),
        pytest.param({"1.0": "Published"}, "compare", id="maybe an asset of the version"),
        pytest.param({"1.0": "Archived"}, "fetch", id="of one that is not served"),
        pytest.param({"1.1": "Published"}, "fetch", id="not of another one"),
    ],
)
def test_a_gem_of_a_platform_is_looked_for_in_both_places(
    statuses: dict[str, Status], expected: str
) -> None:
    """Lock files write the platform into the version; where CodeArtifact has it is not said."""
    gem = WantedVersion("1.0-x86_64-linux", files=GEM)
    assert said(look_at(statuses, gem, package_format="ruby")) == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param({"nokogiri-1.0.pom", "nokogiri-1.0.jar"}, "warm", id="they come together"),
        pytest.param({"nokogiri-1.0.pom", "nokogiri-1.0.module"}, "compare", id="this does not"),
    ],
)
def test_pom_and_jar_are_not_looked_for(named: set[str], expected: str) -> None:
    """A list of assets for each version of a lock file would be many."""
    one = WantedVersion("1.0", files=frozenset(named))
    assert said(look_at({"1.0": "Published"}, one, package_format="maven")) == expected


def test_files_that_are_wanted_and_missing_are_named() -> None:
    """So that these alone are asked for."""
    package = Package(REPOSITORY, "maven", "org.example", "n")
    wanted = WantedVersion("1.0", files=frozenset({"n-1.0-linux.jar", "n-1.0-tests.jar"}))
    found = compared(package, wanted, {"n-1.0.jar": {}, "n-1.0-tests.jar": {}}, verify=False)
    assert found.files == {"n-1.0-linux.jar"}
