"""Promotion of packages of formats whose endpoints the local CodeArtifact does not serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from promote_versions.gates.waits import UNANSWERED
from promote_versions.seen import destined
from steward import policy as policies
from steward.coordinates import Format, Package
from steward.policy_file import compile_policy
from steward.version_contents import ServiceVersionContents
from tests.functional.promotion_domain import NOW, PromotionDomain
from tests.functional.watched_domain import where

RULE = "approve"


@dataclass(frozen=True, slots=True)
class Case:
    """
    A format, and where its packages come from.

    Attributes:
        connection: ``None``: there is none for the format, packages are published inside.
        ecosystem: What OSV calls it; ``None``: it has no name for its packages.
    """

    format: Format
    namespace: str | None = None
    connection: str | None = None
    ecosystem: str | None = None

    @property
    def origin(self) -> object:
        """How a version entered the domain, as seed documents say it."""
        if self.connection is None:
            return "INTERNAL"
        return {
            "originType": "EXTERNAL",
            "domainEntryPoint": {"externalConnectionName": self.connection},
        }


NUGET = Case("nuget", None, "public:nuget-org", "NuGet")
RUBY = Case("ruby", None, "public:ruby-gems-org", "RubyGems")
CARGO = Case("cargo", None, "public:crates-io", "crates.io")
SWIFT = Case("swift", "mona")
GENERIC = Case("generic", "tools")

each_format = pytest.mark.parametrize(
    "case", [NUGET, RUBY, CARGO, SWIFT, GENERIC], ids=lambda case: case.format
)
each_format_of_osv = pytest.mark.parametrize(
    "case", [NUGET, RUBY, CARGO], ids=lambda case: case.format
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for a policy and what it is compiled to."""
    return tmp_path


def deploy(promotions: PromotionDomain, folder: Path, case: Case, *require: str) -> None:
    """The policy with these gates for the packages of a format is compiled and deployed."""
    gates = "".join(f"    {gate}\n" for gate in require)
    text = (
        f"domain: my-company\npromotions:\n- name: {RULE}\n  packages: /{case.format}/*\n"
        f"  from: intake\n  to: approved\n  require:\n{gates}"
    )
    compiled = folder / "policy.json"
    compiled.write_text(compile_policy(text, str(folder / "policy.yaml")))
    promotions.policy = policies.load(compiled)


def new_package(promotions: PromotionDomain, case: Case) -> Package:
    """Return a package of the format that does not exist yet."""
    return promotions.new_package(case.format, case.namespace)


def seed(
    promotions: PromotionDomain,
    case: Case,
    package: Package,
    versions: Mapping[str, str],
    *,
    spelt: str = "",
) -> None:
    """*package*, which its publisher writes *spelt*, holds versions of a licence and two files."""
    said = {"described": {"display_name": spelt}}
    for version, licence in versions.items():
        files = [
            {"name": f"{package.name}-{version}.{kind}", "content": f"{kind} of {version}"}
            for kind in ("first", "second")
        ]
        promotions.seed(
            package, version, origin=case.origin, licenses=[licence], assets=files, metadata=said
        )


@each_format
def test_what_passes_is_copied_in_one_call_file_by_file(
    promotions: PromotionDomain, folder: Path, case: Case
) -> None:
    """Lists, origins, licences and people need no endpoint, so they judge every format."""
    package = new_package(promotions, case)
    origin = case.connection or "internal"
    namespace = f"{case.namespace}/" if case.namespace else ""
    deploy(
        promotions,
        folder,
        case,
        "licences: {allow: [MIT]}",
        f"origin: '{origin}'",
        f"deny: ['pkg:{case.format}/{namespace}{package.name}@1.3.0']",
    )
    licences = {"1.0.0": "MIT", "1.1.0": "MIT", "1.2.0": "GPL-3.0-only", "1.3.0": "MIT"}
    seed(promotions, case, package, licences)
    promotions.forget_requests()
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {
        "1.0.0": "copied",
        "1.1.0": "copied",
        "1.2.0": "refused",
        "1.3.0": "refused",
    }
    assert promotions.there(package) == {"1.0.0": "Published", "1.1.0": "Published"}
    assert promotions.requests()["CopyPackageVersions"] == 1
    contents = ServiceVersionContents(promotions.client)
    for version in ("1.0.0", "1.1.0"):
        copied = contents.assets(destined(package, "approved"), version)
        assert copied.assets == contents.assets(package, version).assets
        assert len(copied.assets) == 2


@each_format_of_osv
def test_osv_is_asked_by_the_name_that_it_has_for_the_format(
    promotions: PromotionDomain, folder: Path, case: Case
) -> None:
    """NuGet's in the spelling of its publisher; CodeArtifact stores it in lower case."""
    deploy(promotions, folder, case, "vulnerabilities: {block_at: high}", "versions: releases")
    package = new_package(promotions, case)
    spelt = package.name.capitalize() if case.format == "nuget" else package.name
    seed(
        promotions,
        case,
        package,
        dict.fromkeys(("1.0.0", "1.1.0", "1.2.0", "2.0.0-beta.1"), "MIT"),
        spelt=spelt,
    )
    named = {"package": {"ecosystem": case.ecosystem, "name": spelt}}
    promotions.osv_knows(
        {"id": "MAL-2026-7001", "affected": [{**named, "versions": ["1.0.0"]}]},
        {
            "id": "GHSA-2026-7002",
            "database_specific": {"severity": "HIGH"},
            "affected": [{**named, "versions": ["1.1.0"]}],
        },
    )
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {
        "1.0.0": "refused",
        "1.1.0": "refused",
        "1.2.0": "copied",
        "2.0.0-beta.1": "refused",
    }
    assert "MAL-2026-7001" in promotions.record(package, "1.0.0").reason
    assert promotions.there(package) == {"1.2.0": "Published"}


@pytest.mark.parametrize("case", [NUGET, CARGO], ids=lambda case: case.format)
def test_a_release_time_that_the_endpoint_tells_is_counted(
    promotions: PromotionDomain, folder: Path, case: Case
) -> None:
    """Since the public release, not since the version came here."""
    deploy(promotions, folder, case, "minimum_age: P7D")
    package = new_package(promotions, case)
    seed(promotions, case, package, {"1.0.0": "MIT"})
    promotions.seed(package, "1.1.0", origin=case.origin, released=NOW - timedelta(days=6))
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0.0": "copied", "1.1.0": "held"}
    assert promotions.record(package, "1.1.0").due == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("case", "silent"),
    [
        pytest.param(NUGET, "nuget:GetServiceIndex", id="nuget: no service index"),
        pytest.param(NUGET, "nuget:GetRegistration", id="nuget: no registration"),
        pytest.param(CARGO, "cargo:GetVersions", id="cargo: no list of versions"),
    ],
)
def test_a_release_time_that_nobody_tells_holds(
    promotions: PromotionDomain, folder: Path, case: Case, silent: str
) -> None:
    """However long ago the version came; it is asked about again."""
    deploy(promotions, folder, case, "minimum_age: P7D")
    package = new_package(promotions, case)
    seed(promotions, case, package, {"1.0.0": "MIT"})
    with promotions.faults(throttle={silent: 0}):
        promotions.events_of(package)
        promotions.come_to_rest()
        assert promotions.states(package) == {"1.0.0": "held"}
        assert promotions.record(package, "1.0.0").due == NOW + UNANSWERED
        promotions.wait(timedelta(days=30))
        assert promotions.there(package) == {}


def test_a_generic_version_is_promoted_by_the_events_of_its_publishing(
    promotions: PromotionDomain, folder: Path
) -> None:
    """Only generic packages are published through the API; a file is added as `Unfinished` ends."""
    deploy(promotions, folder, GENERIC, "approval: manual")
    package = new_package(promotions, GENERIC)
    for name, unfinished in (("tool", True), ("tool.txt", False)):
        promotions.client.publish_package_version(
            **where(package),
            packageVersion="1.0",
            assetName=name,
            assetContent=name.encode(),
            assetSHA256=sha256(name.encode()).hexdigest(),
            unfinished=unfinished,
        )
        promotions.come_to_rest()
        assert promotions.there(package) == {}
    assert promotions.states(package) == {"1.0": "held"}
    promotions.say("approve", package, "1.0")
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    assert promotions.assets_of(destined(package, "approved"), "1.0") == ["tool", "tool.txt"]


@each_format
def test_what_turns_bad_is_recalled_where_osv_has_a_name_for_it_or_the_policy_says_so(
    promotions: PromotionDomain, folder: Path, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the formats that OSV cannot know, nobody is told each day that it did not answer."""
    deploy(promotions, folder, case, "approval: automatic")
    package = new_package(promotions, case)
    spelt = package.name.capitalize() if case.format == "nuget" else package.name
    seed(promotions, case, package, dict.fromkeys(("1.0.0", "1.1.0"), "MIT"), spelt=spelt)
    promotions.events_of(package)
    promotions.come_to_rest()
    named = {"package": {"ecosystem": case.ecosystem or "GIT", "name": spelt}}
    promotions.osv_knows({"id": "MAL-1", "affected": [{**named, "versions": ["1.0.0"]}]})
    namespace = f"{case.namespace}/" if case.namespace else ""
    purl = f"pkg:{case.format}/{namespace}{package.name}@1.1.0"
    deploy(promotions, folder, case, f"deny: ['{purl}']")
    capsys.readouterr()
    promotions.recheck_everything()
    found = {
        version: promotions.record(package, version).findings for version in ("1.0.0", "1.1.0")
    }
    assert found == {
        "1.0.0": ("it is malicious: MAL-1",) if case.ecosystem else (),
        "1.1.0": (f"it is denied by {purl}",),
    }
    if case.ecosystem is None:
        assert "not rechecked" not in capsys.readouterr().out
