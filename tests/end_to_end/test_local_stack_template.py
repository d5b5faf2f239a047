"""The project's own template, played whole: events come in, and both automations do their work."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cli.stack.stack import LocalStack
from tests.end_to_end.played_template import (
    FROM_OUTSIDE,
    OPEN,
    ORIGINS_POLICY,
    POLICY,
    TEMPLATE,
    UI,
    admin,
    at_rest,
    client_of,
    codeartifact,
    dead_letters,
    impatient,
    open_package,
    playing,
    said,
    until,
)

SNAPSHOT = "com/mycompany/app/pkg-1/1.0-SNAPSHOT"
BUILDS = ["1.0-20260301.101501-1", "1.0-20260301.101502-2"]
NEWEST = "1.0-20260301.101503-3"


def publish_builds(
    stack: LocalStack, unfinished: Sequence[str] = BUILDS, newest: str = NEWEST
) -> None:
    """Upload builds without metadata, and the newest with it, as plain HTTP clients do."""
    owner = codeartifact(stack)
    owner.create_domain(domain="my-company")
    where = {"domain": "my-company", "repository": "my-maven-repo"}
    owner.create_repository(**where)
    url = owner.get_repository_endpoint(**where, format="maven")["repositoryEndpoint"]
    token = owner.get_authorization_token(domain="my-company")["authorizationToken"]
    credentials = b64encode(f"aws:{token}".encode()).decode()

    def put(name: str, content: str) -> None:
        request = urllib.request.Request(
            f"{url}{SNAPSHOT}/{name}",
            data=content.encode(),
            method="PUT",
            headers={"Authorization": f"Basic {credentials}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status in {200, 201}

    for build in [*unfinished, newest]:
        for extension in ("jar", "pom"):
            put(f"pkg-1-{build}.{extension}", f"{build} {extension}")
    _, stamp, number = newest.split("-")
    updated = stamp.replace(".", "")
    versions = "".join(
        f"<snapshotVersion><extension>{extension}</extension><value>{newest}</value>"
        f"<updated>{updated}</updated></snapshotVersion>"
        for extension in ("jar", "pom")
    )
    put(
        "maven-metadata.xml",
        "<metadata><groupId>com.mycompany.app</groupId><artifactId>pkg-1</artifactId>"
        f"<version>1.0-SNAPSHOT</version><versioning><snapshot><timestamp>{stamp}</timestamp>"
        f"<buildNumber>{number}</buildNumber></snapshot><lastUpdated>{updated}</lastUpdated>"
        f"<snapshotVersions>{versions}</snapshotVersions></versioning></metadata>",
    )


def statuses(stack: LocalStack) -> dict[str, str]:
    """Return the status of each version."""
    answer = codeartifact(stack).list_package_versions(
        domain="my-company",
        repository="my-maven-repo",
        format="maven",
        namespace="com.mycompany.app",
        package="pkg-1",
    )
    return {version["version"]: version["status"] for version in answer["versions"]}


def decisions(stack: LocalStack) -> dict[str, str]:
    """Return what the automation's log says about each version."""
    return {line["version"]: line["message"] for line in said(stack) if "version" in line}


def test_in_enforce_mode_replaced_builds_are_unlisted_and_then_there_is_rest() -> None:
    """The newest build had its metadata; the older ones follow. Our own changes wake nobody."""
    with playing("enforce") as stack:
        publish_builds(stack)
        until(lambda: {statuses(stack)[build] for build in BUILDS} == {"Unlisted"})
        until(lambda: at_rest(stack))
        assert statuses(stack)["1.0-SNAPSHOT"] == "Published"
        assert depth_of_dead_letters(stack) == 0


def test_in_observe_mode_the_same_decisions_change_nothing() -> None:
    """They stand in the log only."""
    with playing("observe") as stack:
        publish_builds(stack)
        until(lambda: {decisions(stack).get(build) for build in BUILDS} == {"stale"})
        until(lambda: at_rest(stack))
        assert {statuses(stack)[build] for build in BUILDS} == {"Unfinished"}


def test_a_second_stack_finds_what_the_first_kept(tmp_path: Path) -> None:
    """`--data` keeps the local CodeArtifact; queues and their messages are gone."""
    with playing("observe", tmp_path) as stack:
        publish_builds(stack)
        until(lambda: at_rest(stack) and decisions(stack))
    with playing("enforce", tmp_path) as stack:
        assert set(statuses(stack)) == {*BUILDS, NEWEST, "1.0-SNAPSHOT"}


def test_our_own_changes_wake_nobody() -> None:
    """One event of a package costs one list and one update; the changes are events, but no list."""
    packages = [
        {
            "format": "maven",
            "namespace": "com.mycompany.app",
            "package": name,
            "versions": [{"version": build} for build in [*BUILDS, NEWEST]],
        }
        for name in ("pkg-1", "pkg-2")
    ]
    repository = {"name": "my-maven-repo", "packages": packages}
    with playing("enforce") as stack:
        admin(
            stack,
            "POST",
            "seed",
            {"domains": [{"name": "my-company", "repositories": [repository]}]},
        )
        admin(stack, "DELETE", "requests")
        client = codeartifact(stack)
        # The second package's event follows all those of our changes to the first on the same way.
        for name in ("pkg-1", "pkg-2"):
            version = {
                "domain": "my-company",
                "repository": "my-maven-repo",
                "format": "maven",
                "namespace": "com.mycompany.app",
                "package": name,
                "versions": [BUILDS[0]],
            }
            client.update_package_versions_status(**version, targetStatus="Archived")
            client.update_package_versions_status(**version, targetStatus="Published")
            until(partial(unlisted, stack, name))
            until(lambda: at_rest(stack))
        assert admin(stack, "GET", "requests") == {
            "ListPackageVersions": 2,
            "UpdatePackageVersionsStatus": 4 + 2,  # by the test, and by the automation
        }


def unlisted(stack: LocalStack, package: str) -> bool:
    """Return whether the automation says that it unlisted builds of *package*."""
    return any(
        line["message"] == "unlisted" and package in str(line["package"]) for line in said(stack)
    )


def test_an_unfinished_build_is_unlisted_when_the_delayed_message_comes() -> None:
    """It waits for its grace period; no event follows, and still it is looked at again."""
    policy = f"{POLICY}    unfinished_grace: PT5M\n"
    # So that no sweep comes when the clock is set on.
    with playing("enforce", policy=policy, SweepSchedule="rate(1 day)") as stack:
        now = datetime.now(UTC).replace(microsecond=0)
        waiting, newest = f"1.0-{now:%Y%m%d.%H%M%S}-1", f"1.0-{now:%Y%m%d.%H%M%S}-2"
        publish_builds(stack, [waiting], newest)
        until(lambda: decisions(stack).get(waiting) == "waiting until")
        assert statuses(stack)[waiting] == "Unfinished"
        (ends,) = {line["until"] for line in said(stack) if line["message"] == "waiting until"}
        assert datetime.fromisoformat(ends) == now + timedelta(minutes=5)

        until(lambda: delayed(stack) > 0)  # what is sent later waits from then on
        admin(stack, "PUT", "clock", {"advance": "PT5M"})
        until(lambda: statuses(stack)[waiting] == "Unlisted")
        until(lambda: at_rest(stack))
        (brought_by,) = {line["by"] for line in said(stack) if line["message"] == "look again"}
        assert brought_by == "a delayed message"
        assert depth_of_dead_letters(stack) == 0


def delayed(stack: LocalStack) -> int:
    """Return how many messages wait on the queue of builds until a time of their own."""
    name = "ApproximateNumberOfMessagesDelayed"
    answer = client_of(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.reference("SnapshotBuildsQueue"), AttributeNames=[name]
    )
    return int(answer["Attributes"][name])


def test_messages_that_are_no_events_become_dead_letters_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    """Each bad one is tried as often as the template says; a good one of the same batch is done."""
    good = json.loads((TEMPLATE.parent / "events" / "look-again.json").read_text(encoding="utf-8"))
    good["detail"] |= {"repositoryName": "my-maven-repo", "packageName": "gone"}
    unknown_format = {**good, "detail": {**good["detail"], "packageFormat": "deb"}}
    bad = ["{", "no JSON", json.dumps({"source": "aws.s3"}), json.dumps(unknown_format)]
    with playing("enforce", template=impatient(tmp_path)) as stack:
        client_of(stack, "sqs").send_message_batch(
            QueueUrl=stack.reference("SnapshotBuildsQueue"),
            Entries=[
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate([*bad, json.dumps(good)])
            ],
        )
        until(lambda: dead_letters(stack, "SnapshotBuildsDeadLetterQueue") == sorted(bad))
        until(lambda: at_rest(stack))
        reasons = {line.get("reason") for line in said(stack) if line.get("package") == "gone"}
        assert reasons == {"the package or its repository does not exist"}


def test_in_observe_mode_a_version_from_outside_in_an_internal_package_is_only_found() -> None:
    """Nothing is changed, so the ledger says nothing of what was there before."""
    package = open_package(
        {"version": "1.0.0", "status": "Unlisted"}, {"version": "99.0.0", "origin": FROM_OUTSIDE}
    )
    repository = {"name": "npm-internal", "packages": [package]}
    with playing("observe", policy=ORIGINS_POLICY) as stack:
        domain = {"name": "my-company", "repositories": [repository]}
        admin(stack, "POST", "seed", {"domains": [domain]})
        client = codeartifact(stack)
        client.update_package_versions_status(**UI, versions=["1.0.0"], targetStatus="Published")
        until(lambda: any(line["message"] == "nobody listens" for line in said(stack)))

        controls = client.describe_package(**UI)["package"]["originConfiguration"]
        assert controls["restrictions"] == OPEN
        versions = client.list_package_versions(**UI)["versions"]
        assert {one["version"]: one["status"] for one in versions} == {
            "1.0.0": "Published",
            "99.0.0": "Published",
        }
        assert [entry for entry in ledger(stack) if entry.startswith("change#")] == []
        assert depth_of_dead_letters(stack) == 0


def ledger(stack: LocalStack) -> list[str]:
    """Return the range keys of what the ledger holds."""
    items = client_of(stack, "dynamodb").scan(TableName=stack.reference("LedgerTable"))["Items"]
    return [item["entry"]["S"] for item in items]


def depth_of_dead_letters(stack: LocalStack) -> int:
    """Return how many messages were given up or never delivered."""
    return sum(
        len(dead_letters(stack, f"{events}{queue}"))
        for events in ("SnapshotBuilds", "OriginControls")
        for queue in ("DeadLetterQueue", "UndeliveredQueue")
    )
