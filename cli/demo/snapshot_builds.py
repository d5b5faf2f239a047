"""Second chapter: three builds of a snapshot are published, and the replaced two are unlisted."""

import base64
import io
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.demo.company import Company, columns
from cli.demo.story import StepFailedError, Story, until
from steward.coordinates import Package, Repository

if TYPE_CHECKING:
    from steward.policy import Policy

REPOSITORY = "my-maven-repo"
NAMESPACE = "com.mycompany.app"
PACKAGE = "pkg-1"
BASE = "1.0"
SNAPSHOT = f"{BASE}-SNAPSHOT"
STAMPS = ("20210728.194552-1", "20210729.002318-2", "20210729.010423-3")
BUILDS = tuple(f"{BASE}-{stamp}" for stamp in STAMPS)
FOLDER = f"{NAMESPACE.replace('.', '/')}/{PACKAGE}/{SNAPSHOT}"
DECISION_SECONDS = 40.0  # a batch window of 5 s at most, a cold start, and room for a slow machine
UPLOAD_SECONDS = 30.0

STYLES = {
    "Published": "green",
    "Unlisted": "yellow",
    "Unfinished": "magenta",
}


def check_policy(policy: "Policy", account: str) -> None:
    """
    Return if the policy says something about the builds of this chapter.

    Raises:
        StepFailedError: No rule of it applies to them, so nothing would happen.
    """
    repository = Repository(policy.domain, account, REPOSITORY)
    if policy.snapshot_rule_for(Package(repository, "maven", NAMESPACE, PACKAGE)) is None:
        raise StepFailedError(
            f"the policy has no snapshots rule for /maven/{NAMESPACE}/{PACKAGE} in {REPOSITORY}, "
            "so there is nothing to show"
        )


def tell(story: Story, company: Company) -> None:
    """Publish the builds, show the event and the decision, and the versions before and after."""
    story.chapter("Snapshot builds are published, the replaced ones are unlisted")
    before = _publish(story, company)
    event_number = len(company.events)
    _publish_metadata(story, company)
    _show_event(story, company, event_number)
    _show_decision(story, company)
    _show_versions(story, company, before)


def _publish(story: Story, company: Company) -> dict[str, str]:
    """Upload three builds as an HTTP client does: the files, no metadata yet."""
    story.step(f"Three builds of {NAMESPACE}:{PACKAGE}:{SNAPSHOT} are uploaded over HTTP")
    company.codeartifact.create_repository(domain=company.domain, repository=REPOSITORY)
    example = f"{PACKAGE}-{BUILDS[-1]}.jar"
    story.url("FOLDER", f"{company.endpoint(REPOSITORY, 'maven')}{FOLDER}")
    story.command(f"curl --user aws:TOKEN -T {example} $FOLDER/")
    for build in BUILDS:
        _put(company, f"{FOLDER}/{PACKAGE}-{build}.jar", _jar(build))
        _put(company, f"{FOLDER}/{PACKAGE}-{build}.pom", _pom())
    before = company.statuses(REPOSITORY, NAMESPACE, PACKAGE)
    if before != dict.fromkeys(BUILDS, "Unfinished"):
        raise StepFailedError(f"the repository holds {before}")
    story.confirm("three builds are there, Unfinished until their metadata comes", before=before)
    return before


def _publish_metadata(story: Story, company: Company) -> None:
    story.step("The newest build's maven-metadata.xml completes it")
    story.command("curl --user aws:TOKEN -T maven-metadata.xml $FOLDER/")
    _put(company, f"{FOLDER}/maven-metadata.xml", _metadata())
    alias = company.statuses(REPOSITORY, NAMESPACE, PACKAGE).get(SNAPSHOT)
    if alias != "Published":
        raise StepFailedError(f"{SNAPSHOT} is {alias}")
    story.note("CodeArtifact unlists the build it completes; the older two are left to us")
    story.confirm(f"{SNAPSHOT} is Published")


def _show_event(story: Story, company: Company, since: int) -> None:
    story.step("CodeArtifact's event goes through EventBridge and SQS to the function")

    def completed() -> dict[str, object] | None:
        for event in company.events[since:]:
            detail = event["detail"]
            if isinstance(detail, dict) and detail["packageVersion"] == SNAPSHOT:
                return dict(event)
        return None

    event = until(completed, what=f"an event for {SNAPSHOT}", timeout_seconds=DECISION_SECONDS)
    detail = event["detail"]
    assert isinstance(detail, Mapping)  # noqa: S101  narrows the type
    names = ("repositoryName", "packageNamespace", "packageName", "packageVersion")
    shown = {name: detail[name] for name in (*names, "packageVersionState", "operationType")}
    story.document({"detail-type": event["detail-type"], "detail": shown})
    story.confirm("the event says which package to look at; what is true, the repository says")


def _show_decision(story: Story, company: Company) -> None:
    story.step("The function reads the repository and decides")

    def done() -> list[dict[str, object]] | None:
        unlisted: set[str] = set()
        for line in company.decisions("unlisted"):
            versions = line.get("versions")
            if isinstance(versions, list):
                unlisted.update(str(version) for version in versions)
        if not unlisted >= set(BUILDS[:-1]):
            return None
        newest = {str(line["version"]): line for line in company.decisions("stale")}
        return [newest[version] for version in sorted(newest)]

    decisions = until(done, what="the decision to unlist", timeout_seconds=DECISION_SECONDS)
    for line in decisions:
        story.note(f"[bold]unlist {line['version']}[/], {line['status']} until now")
        story.note(f"  replaced by {line['replaced_by']}: {line['reason']}")
    story.confirm(f"{len(decisions)} builds to unlist", decisions=decisions)


def _show_versions(story: Story, company: Company, before: Mapping[str, str]) -> None:
    story.step("The versions, before the metadata came and after the function has run")
    wanted = {SNAPSHOT: "Published", **dict.fromkeys(BUILDS, "Unlisted")}

    def tidy() -> dict[str, str] | None:
        after = company.statuses(REPOSITORY, NAMESPACE, PACKAGE)
        return after if after == wanted else None

    after = until(tidy, what=f"the versions as {wanted}", timeout_seconds=DECISION_SECONDS)
    by = {SNAPSHOT: "CodeArtifact: serves the newest", BUILDS[-1]: "CodeArtifact"}
    table = columns("version", "before", "after", "by")
    for version in sorted(after):
        was, now = _coloured(before.get(version, "-")), _coloured(after[version])
        table.add_row(version, was, now, by.get(version, "the function"))
    story.table(table)
    calls = company.function_calls()
    lists, updates = calls["ListPackageVersions"], calls["UpdatePackageVersionsStatus"]
    story.note(f"{len(company.events)} events so far; the functions' calls to CodeArtifact:")
    story.note(f"ListPackageVersions {lists}, UpdatePackageVersionsStatus {updates}")
    story.confirm("every build is still there for a lock file; none is in the way", after=after)


def _coloured(status: str) -> str:
    style = STYLES.get(status)
    return f"[{style}]{status}[/]" if style else status


def _put(company: Company, path: str, content: bytes) -> None:
    credentials = base64.b64encode(f"aws:{company.token}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310  our own loopback endpoint
        company.endpoint(REPOSITORY, "maven") + path,
        content,
        {"Authorization": f"Basic {credentials}", "Content-Type": "application/octet-stream"},
        method="PUT",
    )
    try:
        urllib.request.urlopen(request, timeout=UPLOAD_SECONDS).close()  # noqa: S310
    except urllib.error.URLError as error:
        raise StepFailedError(f"PUT {path}: {error}") from error


def _jar(build: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nBuild: {build}\n")
    return buffer.getvalue()


def _pom() -> bytes:
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>{NAMESPACE}</groupId><artifactId>{PACKAGE}</artifactId>"
        f"<version>{SNAPSHOT}</version></project>"
    ).encode()


def _metadata() -> bytes:
    timestamp, number = STAMPS[-1].split("-")
    files = "".join(
        f"<snapshotVersion><extension>{extension}</extension><value>{BUILDS[-1]}</value>"
        "<updated>20210729010423</updated></snapshotVersion>"
        for extension in ("jar", "pom")
    )
    return (
        '<metadata modelVersion="1.1.0">'
        f"<groupId>{NAMESPACE}</groupId><artifactId>{PACKAGE}</artifactId>"
        f"<version>{SNAPSHOT}</version><versioning><snapshot><timestamp>{timestamp}</timestamp>"
        f"<buildNumber>{number}</buildNumber></snapshot><lastUpdated>20210729010423</lastUpdated>"
        f"<snapshotVersions>{files}</snapshotVersions></versioning></metadata>"
    ).encode()
