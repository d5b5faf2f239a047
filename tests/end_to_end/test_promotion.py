"""Real clients and repositories that hold only what was let through: promotion, all parts of it."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, cast

import pytest

from promote_versions.record_items import RECORDS, record_of
from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.package_clients import PYTHON, TEAM
from tests.end_to_end.promoted_formats import (
    NPM_FORMAT,
    PYPI_FORMAT,
    Format,
    Maven,
    log_in_to_all,
)
from tests.end_to_end.public_packages import source_archive, wheel
from tests.end_to_end.snapshot_builds import DOMAIN

if TYPE_CHECKING:
    from promote_versions.records import Record, State
    from tests.end_to_end.public_packages import PublicPackages

DAY = timedelta(days=1)
NOON = (datetime.now(UTC) + DAY).replace(hour=12, minute=0, second=0, microsecond=0)
"""When the story begins: far from the time of the daily recheck."""

PROMOTION = """\
  - name: {format}-reviewed
    packages: {careful}
    from: {format}-intake
    to: {format}-approved
    require: {{minimum_age: P7D, origin: "{connection}", approval: manual}}
  - name: {format}
    packages: /{format}/*
    from: {format}-intake
    to: {format}-approved
    require: {{minimum_age: P7D, vulnerabilities: {{block_at: high}}}}
    recall: archive
"""
POLICY = "".join(
    [
        f"domain: {DOMAIN}\n",
        "promotions:\n",
        "  - name: in-house\n",
        "    packages: /pypi//our-billing$\n",
        "    from: pypi-intake\n",
        "    to: pypi-approved\n",
        "    require: {origin: internal, approval: manual}\n",
        PROMOTION.format(format="pypi", careful="/pypi//careful~", connection="public:pypi"),
        PROMOTION.format(format="npm", careful="/npm/lab/*", connection="public:npmjs"),
        PROMOTION.format(
            format="maven",
            careful="/maven/org.example.lab/careful$",
            connection="public:maven-central",
        ),
    ]
)
LATE_WHEEL = "growing-1.0-cp313-cp313-macosx_11_0_arm64.whl"
LATE_CONTENT = wheel("growing", "1.0", says="late")
GROWING, TURNCOAT, BILLING = "growing", "turncoat", "our-billing"
# Functions whose rules take a published version of PyPI: builds, origins, promotions, retention.
WOKEN_BY_A_VERSION = 4

MAVEN = pytest.param("maven", marks=pytest.mark.maven)
EACH_FORMAT = pytest.mark.parametrize("name", ["pypi", "npm", MAVEN])

Rows = dict[str, dict[str, object]]


@dataclass
class World:
    """The formats, and two developers: *fetcher* may use the intake, *builder* may not."""

    stack: LocalStack
    public: PublicPackages
    formats: dict[str, Format]
    fetcher: Developer
    builder: Developer

    def log_in(self) -> None:
        """Both have new tokens; they last for 12 hours."""
        formats = list(self.formats.values())
        log_in_to_all(self.builder, formats, intake=False)
        log_in_to_all(self.fetcher, formats, intake=True)
        self.fetcher.run(
            *("aws", "codeartifact", "login", "--tool", "twine"),
            *("--domain", DOMAIN, "--repository", PYPI_FORMAT.intake),
        )

    def promotions(self) -> Rows:
        """Return what `steward promotions` says about each version."""
        said = self.builder.run("steward", "promotions", "--domain", DOMAIN, "--json").stdout
        return {row["packageUrl"]: row for row in json.loads(said)["promotions"]}

    def records(self) -> dict[str, Record]:
        """Return what is recorded of each version; no process is started for it."""
        dynamodb = self.stack.client("dynamodb")
        [table] = [one for one in dynamodb.list_tables()["TableNames"] if "Promotions" in one]
        items = dynamodb.scan(TableName=table)["Items"]
        found = [record_of(item) for item in items if item["entry"]["S"].startswith(RECORDS)]
        return {one.package.purl(one.version): one for one in found}

    def states(self) -> dict[str, State]:
        """Return the state of each version."""
        return {purl: one.state for purl, one in self.records().items()}

    def approve(self, purl: str, *arguments: str) -> dict[str, object]:
        """A person lets a version through with `steward approve`; return what became of it."""
        policy = self.builder.home / "policy.yaml"
        policy.write_text(POLICY)
        said = self.builder.run(
            *("steward", "approve", purl, "--reason", "read every line of it"),
            *("--policy", policy, "--json"),
            *arguments,
        ).stdout
        return cast("dict[str, object]", json.loads(said))

    def upload(self, file: str, content: bytes) -> None:
        """Publish a file of ours to the intake repository."""
        path = self.fetcher.home / file
        path.write_bytes(content)
        self.fetcher.run("twine", "upload", "--disable-progress-bar", "-r", "codeartifact", path)

    def assets(self, repository: str, package: str) -> dict[str, str]:
        """Return the SHA-256 of each file of version 1.0 of a Python package."""
        listed = self.stack.codeartifact.list_package_version_assets(
            domain=DOMAIN,
            repository=repository,
            format="pypi",
            package=package,
            packageVersion="1.0",
        )["assets"]
        return {asset["name"]: asset["hashes"]["SHA-256"] for asset in listed}

    def python(self, package: str) -> dict[str, str]:
        """Return the statuses of a Python package in the approved repository."""
        return self.stack.versions(PYPI_FORMAT.approved, package, fmt="pypi")


@pytest.fixture(scope="module")
def policy_text() -> str:
    """An intake and an approved repository for each format."""
    return POLICY


@pytest.fixture(scope="module")
def world(
    stack: LocalStack, public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """It is noon; everything is released outside, nothing has been fetched."""
    stack.advance_clock(int((NOON - datetime.now(UTC)).total_seconds()))
    mvn = shutil.which("mvn")
    formats = {"pypi": PYPI_FORMAT, "npm": NPM_FORMAT, **({"maven": Maven(mvn)} if mvn else {})}
    stack.codeartifact.create_domain(domain=DOMAIN)
    stack.codeartifact.create_repository(domain=DOMAIN, repository=TEAM)
    for each in formats.values():
        each.set_up(stack)
        each.release(public_packages, each.tidy, "1.0.0", NOON - 30 * DAY)
        each.release(public_packages, each.malign, "1.0.0", NOON - 30 * DAY)
        each.release(public_packages, each.careful, "1.0.0", NOON - 30 * DAY)
        each.release(public_packages, each.tidy, "2.0.0", NOON - 5 * DAY)
    for name in (GROWING, TURNCOAT):
        file = f"{name}-1.0-py3-none-any.whl"
        public_packages.add_python_file(name, file, wheel(name, "1.0"), at=NOON - 30 * DAY)
    malicious(stack, *((each, each.malign, "1.0.0") for each in formats.values()))
    home = tmp_path_factory.mktemp("developers")
    developers = [Developer(home / name, stack.endpoint) for name in ("fetcher", "builder")]
    made = World(stack, public_packages, formats, *developers)
    made.log_in()
    return made


@pytest.fixture
def format_(name: str, world: World) -> Format:
    """One of the formats; without its client, the test is skipped."""
    if name not in world.formats:
        pytest.skip("mvn is not on PATH")
    return world.formats[name]


@pytest.fixture(scope="module")
def fetched(world: World) -> Rows:
    """Everything has been fetched into the intakes, and decided on for the first time."""
    for each in world.formats.values():
        each.fetch(world.fetcher, each.tidy, "1.0.0")
        each.fetch(world.fetcher, each.malign, "1.0.0")
        each.fetch(world.fetcher, each.careful, "1.0.0")
        each.fetch(world.fetcher, each.tidy, "2.0.0")
    PYTHON.install(world.fetcher, GROWING)
    PYTHON.install(world.fetcher, TURNCOAT)
    world.upload("our_billing-1.0-py3-none-any.whl", wheel("our_billing", "1.0"))
    wanted = {python_purl(BILLING): "held"}
    for each in world.formats.values():
        wanted |= {
            each.purl(each.tidy, "1.0.0"): "copied",
            each.purl(each.tidy, "2.0.0"): "held",
            each.purl(each.malign, "1.0.0"): "refused",
            each.purl(each.careful, "1.0.0"): "held",
        }
    wanted |= dict.fromkeys(map(python_purl, (GROWING, TURNCOAT)), "copied")
    eventually(world.states, lambda seen: dict(seen) == wanted)
    return world.promotions()


def malicious(stack: LocalStack, *packages: tuple[Format, str, str]) -> None:
    """The local OSV lists these versions as made to do harm, and knows nothing else."""
    entries = [
        {
            "id": f"MAL-2026-{number}",
            "summary": "Steals credentials",
            "affected": [
                {"package": {"ecosystem": each.ecosystem, "name": name}, "versions": [version]}
            ],
        }
        for number, (each, name, version) in enumerate(packages, 1)
    ]
    stack.put_osv_entries(entries)


def python_purl(package: str) -> str:
    """Return the package URL of version 1.0 of a Python package."""
    return PYPI_FORMAT.purl(package, "1.0")


@EACH_FORMAT
def test_before_anything_was_let_through_nothing_is_found(world: World, format_: Format) -> None:
    """The approved repository fetches nothing by itself."""
    format_.expect_refusal(world.builder, (format_.tidy, "1.0.0"))
    assert format_.name == "maven" or not world.public.asked


@EACH_FORMAT
@pytest.mark.usefixtures("fetched")
def test_clients_find_what_was_let_through_and_nothing_else(world: World, format_: Format) -> None:
    """The newest one is too young; what does harm, and what waits for a person, is not there."""
    format_.install(world.builder, format_.tidy, None)
    assert format_.installed(world.builder, format_.tidy) == "1.0.0"
    out = [(format_.tidy, "2.0.0"), (format_.malign, "1.0.0"), (format_.careful, "1.0.0")]
    format_.expect_refusal(world.builder, *out)


@EACH_FORMAT
def test_what_is_not_let_through_says_why(fetched: Rows, format_: Format) -> None:
    """`steward promotions`: until when, which entry of OSV, and who has to do something."""
    young = fetched[format_.purl(format_.tidy, "2.0.0")]
    assert datetime.fromisoformat(str(young["due"])) == NOON + 2 * DAY
    assert "public for 7 days" in str(young["reason"])
    malign = fetched[format_.purl(format_.malign, "1.0.0")]
    assert "is malicious: MAL-2026-" in str(malign["reason"])
    waiting = fetched[format_.purl(format_.careful, "1.0.0")]
    assert waiting["due"] is None
    gates = cast("list[dict[str, object]]", waiting["gates"])
    assert [gate["gate"] for gate in gates if gate["outcome"] != "pass"] == ["approval"]


@pytest.fixture(scope="module")
def looked_at_by_a_person(world: World, fetched: Rows) -> None:
    """Somebody has approved what waited, of each format, with the real command."""
    del fetched
    purls = [each.purl(each.careful, "1.0.0") for each in world.formats.values()]
    with ThreadPoolExecutor(len(purls)) as pool:
        became = list(pool.map(world.approve, purls))
    assert [row["state"] for row in became] == ["copied"] * len(purls)


@EACH_FORMAT
@pytest.mark.usefixtures("looked_at_by_a_person")
def test_what_a_person_has_approved_is_installed(world: World, format_: Format) -> None:
    """The record says who it was, as SQS knows them, and why."""
    format_.install(world.builder, format_.careful, "1.0.0")
    assert format_.installed(world.builder, format_.careful) == "1.0.0"
    row = world.promotions()[format_.purl(format_.careful, "1.0.0")]
    approval = cast("dict[str, str]", row["approval"])
    assert approval["reason"] == "read every line of it"
    assert approval["who"]
    assert NOON < datetime.fromisoformat(approval["at"]) < NOON + timedelta(hours=1)


@pytest.mark.usefixtures("fetched")
def test_what_is_altered_between_gate_and_copy_goes_through_the_gates_again(world: World) -> None:
    """The copy is pinned to what was approved; what came after it waits for a person again."""
    purl = python_purl(BILLING)
    with world.stack.paused("promote_versions.copier.handler"):
        world.approve(purl, "--wait", "0")
        approved = eventually(lambda: world.records()[purl], lambda one: one.state == "approved")
        world.upload("our_billing-1.0.tar.gz", source_archive("our_billing", "1.0"))

    again = eventually(lambda: world.records()[purl], lambda one: one.revision != approved.revision)
    assert again.state == "held"
    (noticed,) = world.stack.logged("changed since", package=BILLING)
    assert noticed["rule"] == "in-house"
    assert world.python(BILLING) == {}
    world.approve(purl)
    assert world.python(BILLING) == {"1.0": "Published"}
    assert len(world.assets(PYPI_FORMAT.approved, BILLING)) == 2


@pytest.fixture(scope="module")
def three_days_later(world: World, looked_at_by_a_person: None) -> None:
    """What was five days old is eight days old, and the schedule has found it."""
    del looked_at_by_a_person
    # Before the time is set on: a daily recheck that is due then asks for lists of what is outside.
    world.public.add_python_file(GROWING, LATE_WHEEL, LATE_CONTENT, at=NOON - 5 * DAY)
    world.stack.advance_clock(int((3 * DAY).total_seconds()))
    world.log_in()
    purls = [each.purl(each.tidy, "2.0.0") for each in world.formats.values()]

    def states() -> set[object]:
        seen = world.states()
        return {seen[purl] for purl in purls}

    eventually(states, lambda seen: seen == {"copied"})


@EACH_FORMAT
@pytest.mark.usefixtures("three_days_later")
def test_what_was_too_young_is_promoted_when_its_time_has_come(
    world: World, format_: Format
) -> None:
    """Nobody has asked for it, nothing has happened to it; what does harm is still not there."""
    format_.install(world.builder, format_.tidy, None)
    assert format_.installed(world.builder, format_.tidy) == "2.0.0"
    format_.expect_refusal(world.builder, (format_.malign, "1.0.0"))


@pytest.mark.usefixtures("three_days_later")
def test_a_wheel_that_is_released_later_joins_its_version(world: World) -> None:
    """The gates are passed again; what was there stays as it was, byte for byte."""
    (before,) = world.assets(PYPI_FORMAT.approved, GROWING).items()
    wanted = dict([before, (LATE_WHEEL, sha256(LATE_CONTENT).hexdigest())])

    PYTHON.install(world.fetcher, GROWING)

    eventually(lambda: world.assets(PYPI_FORMAT.approved, GROWING), lambda seen: seen == wanted)
    PYTHON.install(world.builder, GROWING)
    eventually(lambda: world.states()[python_purl(GROWING)], lambda state: state == "copied")


@pytest.mark.usefixtures("three_days_later")
def test_what_turns_out_to_be_malicious_is_recalled(world: World) -> None:
    """The daily recheck archives it, as its rule wants it, and pip finds it no more."""
    PYTHON.install(world.builder, TURNCOAT)
    malicious(world.stack, (PYPI_FORMAT, TURNCOAT, "1.0"))

    world.stack.fire("RecheckPromotionsSchedule")

    purl = python_purl(TURNCOAT)
    eventually(lambda: world.states()[purl], lambda state: state == "recalled")
    assert "MAL-2026-1" in str(world.promotions()[purl]["reason"])
    assert world.python(TURNCOAT) == {"1.0": "Archived"}
    PYTHON.install(world.builder, TURNCOAT, refused=True)


@pytest.mark.usefixtures("three_days_later")
def test_the_system_comes_to_rest(world: World) -> None:
    """
    No message is left, and nothing wakes a function by itself.

    An event of a package that nobody promotes costs one look by each function, and nothing more:
    whatever had still been under way would be counted with it.
    """
    eventually(world.stack.undelivered, lambda waiting: waiting == 0)
    world.stack.forget_requests()
    said = len(world.stack.said)
    world.stack.codeartifact.copy_package_versions(
        domain=DOMAIN,
        sourceRepository=PYPI_FORMAT.approved,
        destinationRepository=TEAM,
        format="pypi",
        package=GROWING,
        versions=["1.0"],
    )

    def invocations() -> list[str]:
        return [line.split("]")[0] for line in world.stack.said[said:] if '"_aws"' in line]

    eventually(invocations, lambda seen: len(set(seen)) >= WOKEN_BY_A_VERSION)
    eventually(world.stack.undelivered, lambda waiting: waiting == 0)
    assert len(invocations()) == WOKEN_BY_A_VERSION
    assert world.stack.requests() == {"CopyPackageVersions": 1}
