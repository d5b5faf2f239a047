"""What a person is told about a version from outside, and what the commands then do, in order."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.played_template import (
    FROM_OUTSIDE,
    OPEN,
    ORIGINS_POLICY,
    UI,
    admin,
    codeartifact,
    dead_letters,
    impatient,
    open_package,
    playing,
    said,
    until,
)
from tests.end_to_end.topic_inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.stack.stack import LocalStack

OUT_OF_REACH = {**UI, "repository": "npm-closed"}
PURL = "pkg:npm/%40mycompany/ui"
CLOSED = {"publish": "ALLOW", "upstream": "BLOCK"}
ADDRESS = "platform@example.com"
REASON = "the vendor publishes it for us"
NOBODY_MAY_LOOK = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "codeartifact:DescribePackage",
            "Resource": "*",
        }
    ],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The whole template with somebody who listens, and two packages that have something wrong."""
    template = impatient(tmp_path_factory.mktemp("template"), seconds=8)
    package = open_package({"version": "1.0.0"}, {"version": "99.0.0", "origin": FROM_OUTSIDE})
    repositories = [
        {"name": one["repository"], "packages": [package]} for one in (UI, OUT_OF_REACH)
    ]
    domain = {"name": "my-company", "repositories": repositories}
    with playing(
        "enforce", policy=ORIGINS_POLICY, template=template, NotificationEmail=ADDRESS
    ) as stack:
        admin(stack, "POST", "seed", {"domains": [domain]})
        codeartifact(stack).put_repository_permissions_policy(
            domain="my-company",
            repository=OUT_OF_REACH["repository"],
            policyDocument=json.dumps(NOBODY_MAY_LOOK),
        )
        yield stack


@pytest.fixture(scope="module")
def inbox(stack: LocalStack) -> Inbox:
    """The inbox of somebody else who listens, by queue."""
    return Inbox(stack)


@pytest.fixture(scope="module")
def someone(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Somebody who reads messages, with the policy in HOME."""
    developer = Developer(tmp_path_factory.mktemp("someone") / "home", stack.endpoint)
    (developer.home / "policy.yaml").write_text(ORIGINS_POLICY)
    return developer


@pytest.fixture(scope="module")
def message(stack: LocalStack, inbox: Inbox) -> Mapping[str, str]:
    """The message about the first event; an event of the other package came just before it."""
    for package in (OUT_OF_REACH, UI):
        come_back_into_use(stack, package)
    return inbox.next()


@pytest.fixture(scope="module")
def command(message: Mapping[str, str]) -> str:
    """The line of the message that says how to undo it."""
    (line,) = (line for line in message["Message"].splitlines() if "steward restore" in line)
    return line


@pytest.fixture(scope="module")
def restored(someone: Developer, command: str) -> str:
    """The command of the message, first as it stands there, then with a reason: what it said."""
    asked = someone.run("sh", "-c", command, refused=True)
    someone.run("sh", "-c", command.replace("...", REASON))
    return asked.stderr


def come_back_into_use(stack: LocalStack, package: Mapping[str, str]) -> None:
    """Let the package have an event that has nothing to do with the version from outside."""
    for status in ("Unlisted", "Published"):
        codeartifact(stack).update_package_versions_status(
            **package, versions=["1.0.0"], targetStatus=status
        )


def statuses(stack: LocalStack, package: Mapping[str, str] = UI) -> dict[str, str]:
    """Return the status of each version."""
    versions = codeartifact(stack).list_package_versions(**package)["versions"]
    return {one["version"]: one["status"] for one in versions}


def restrictions(stack: LocalStack) -> dict[str, str]:
    """Return the origin restrictions of the package."""
    described = codeartifact(stack).describe_package(**UI)["package"]
    return cast("dict[str, str]", described["originConfiguration"]["restrictions"])


def lines(stack: LocalStack, message: str, repository: str = "npm-internal") -> list[object]:
    """Return the lines of the function's log about one repository, with this message."""
    return [
        line
        for line in said(stack)
        if line["message"] == message and line.get("repository") == repository
    ]


def test_the_message_says_what_where_when_through_what_and_how_to_undo_it(
    stack: LocalStack, inbox: Inbox, message: Mapping[str, str], command: str
) -> None:
    """The template's own subscription has the address; the log says that a person was told."""
    assert message["Subject"] == "Versions from outside in an internal package of my-company"
    told = message["Message"]
    for part in (
        f"Package:     {PURL}\n",
        "Repository:  npm-internal\n",
        f"Domain:      my-company ({stack.options.account})\n",
        "Rule:        origins[0]\n",
        "Found:       20",
        "  99.0.0 (Published), came in through public:npmjs: archived\n",
    ):
        assert part in told
    assert command.split()[:3] == ["steward", "restore", PURL]
    assert statuses(stack) == {"1.0.0": "Published", "99.0.0": "Archived"}
    assert restrictions(stack) == CLOSED
    until(lambda: lines(stack, "told") and lines(stack, "look again"))  # the last two of the look
    for wanted in ("drifted", "restrictions changed", "external version", "archived", "look again"):
        assert len(lines(stack, wanted)) == 1, wanted

    heard = inbox.sns.list_subscriptions_by_topic(TopicArn=inbox.topic)["Subscriptions"]
    assert ("email", ADDRESS) in {(one["Protocol"], one["Endpoint"]) for one in heard}


def test_the_command_of_the_message_asks_for_a_reason_and_then_undoes_it_for_good(
    stack: LocalStack, restored: str
) -> None:
    """The version is back, and stays although the package has another event."""
    assert "say why" in restored
    assert statuses(stack)["99.0.0"] == "Published"

    come_back_into_use(stack, UI)
    until(lambda: lines(stack, "kept"))
    assert statuses(stack) == {"1.0.0": "Published", "99.0.0": "Published"}
    assert restrictions(stack) == CLOSED


@pytest.mark.usefixtures("restored")
def test_exemptions_hold_against_enforce_until_they_are_ended(
    stack: LocalStack, someone: Developer, inbox: Inbox, command: str
) -> None:
    """After that, enforce does, records and tells what the function would."""
    steward = partial(someone.run, "steward")
    named = (PURL, "--repository", "npm-internal")
    steward("restore", *named, "--restrictions", "--reason", REASON)
    assert restrictions(stack) == OPEN

    listed = json.loads(steward("exemptions", "--json").stdout)["exemptions"]
    assert {one["version"]: one["why"] for one in listed} == {None: REASON, "99.0.0": REASON}
    deep = ("enforce", "--repository", "npm-internal", "--deep", "--policy", "policy.yaml")
    steward(*deep)
    assert restrictions(stack) == OPEN
    assert statuses(stack)["99.0.0"] == "Published"
    assert inbox.empty

    ended = steward("exemptions", "--end", *named).stdout
    assert "99.0.0" in ended
    assert "restrictions" in ended
    shown = steward(*deep, "--plan").stdout
    assert "99.0.0" in shown
    assert restrictions(stack) == OPEN
    steward(*deep)
    assert restrictions(stack) == CLOSED
    assert statuses(stack)["99.0.0"] == "Archived"
    assert command in inbox.next()["Message"]


@pytest.mark.usefixtures("message")
def test_a_package_whose_calls_always_fail_becomes_a_dead_letter(stack: LocalStack) -> None:
    """The log says why, attempt by attempt; the package is as it was."""
    until(lambda: dead_letters(stack, "OriginControlsDeadLetterQueue"))
    (letter,) = dead_letters(stack, "OriginControlsDeadLetterQueue")
    detail = json.loads(letter)["detail"]
    assert (detail["repositoryName"], detail["packageName"]) == ("npm-closed", "ui")
    failures = lines(stack, "failed", "npm-closed")
    assert len(failures) == 2
    assert all("AccessDenied" in json.dumps(one) for one in failures)
    assert statuses(stack, OUT_OF_REACH) == {"1.0.0": "Published", "99.0.0": "Published"}
    assert dead_letters(stack, "OriginControlsUndeliveredQueue") == []
