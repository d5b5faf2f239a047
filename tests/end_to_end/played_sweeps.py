"""Sweeps of a company in the template as it is played, and what there is afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from sweep_repositories import keys
from sweep_repositories.summary import Summary, summary_in
from tests.end_to_end.played_template import TEMPLATE, admin, client_of, impatient, playing, until
from tests.end_to_end.swept_company import (
    APPROVED,
    DOMAIN,
    INTAKE,
    NAMES,
    POLICY,
    TEAM,
    Company,
    door_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stack.stack import LocalStack, Mode
    from cli.stack.state_machines import Execution

EVENTS = TEMPLATE.parent / "events"
MACHINE, SCHEDULE = "SweepRepositoriesStateMachine", "SweepRepositoriesSchedule"
WRITES = frozenset(
    {
        "CopyPackageVersions",
        "DeletePackage",
        "DeletePackageVersions",
        "DisposePackageVersions",
        "PutPackageOriginConfiguration",
        "UpdatePackageVersionsStatus",
    }
)


class _Package(TypedDict):
    package: str
    restrictions: dict[str, str]
    versions: list[dict[str, str]]


class _Repository(TypedDict):
    name: str
    packages: list[_Package]


@contextmanager
def playing_sweeps(
    mode: Mode,
    folder: Path,
    policy: str = POLICY,
    schedule: Literal["ENABLED", "DISABLED"] = "ENABLED",
) -> Iterator[LocalStack]:
    """Play the template, impatiently; there are three repositories with nothing in them."""
    lock = {f"node_modules/@lab/tool-{number}": {"version": "2.0.0"} for number in range(NAMES)}
    document = {"lockfileVersion": 3, "packages": {"": {"name": "app"}, **lock}}
    (folder / "package-lock.json").write_text(json.dumps(document))
    file = str(folder / "policy.yaml")
    with playing(
        mode, policy=policy, template=impatient(folder), policy_file=file, SweepState=schedule
    ) as stack:
        seed(stack, {"name": TEAM}, {"name": INTAKE}, {"name": APPROVED})
        yield stack


def seed(stack: LocalStack, *repositories: Mapping[str, object]) -> None:
    """The domain holds *repositories*; no event tells of it."""
    domain = {"name": DOMAIN, "repositories": repositories}
    admin(stack, "POST", "seed", {"domains": [domain]})


def founded(stack: LocalStack, number: int) -> Company:
    """Return the company of that number, whose packages are there from now on."""
    company = Company(number, time_of(stack))
    by_repository: dict[str, list[dict[str, object]]] = {}
    for one in company.packages:
        by_repository.setdefault(one.repository, []).append(one.document(company.now))
    seed(stack, *({"name": name, "packages": held} for name, held in by_repository.items()))
    return company


def closed_down(stack: LocalStack) -> None:
    """Nothing is left of any company."""
    client = client_of(stack, "codeartifact")
    for repository in (TEAM, INTAKE, APPROVED):
        pages = client.get_paginator("list_packages").paginate(domain=DOMAIN, repository=repository)
        for one in [row for page in pages for row in page["packages"]]:
            where = {key: one[key] for key in ("format", "namespace", "package") if key in one}
            client.delete_package(domain=DOMAIN, repository=repository, **where)


def time_of(stack: LocalStack) -> datetime:
    """Return the time of the local CodeArtifact."""
    document = cast("dict[str, str]", admin(stack, "GET", "clock"))
    return datetime.fromisoformat(document["now"]).astimezone(UTC)


def later(stack: LocalStack, by: timedelta) -> None:
    """It is later; a sweep that became due has begun."""
    assert stack.schedules is not None
    due = stack.schedules.due()[SCHEDULE]
    begun = len(stack.state_machines.executions())
    answer = cast("dict[str, str]", admin(stack, "PUT", "clock", {"advance": by.total_seconds()}))
    if due is not None and due <= datetime.fromisoformat(answer["now"]):
        until(lambda: len(stack.state_machines.executions()) > begun)


def held(stack: LocalStack) -> dict[str, dict[str, str]]:
    """
    Return what there is: by ``repository: package`` the status of each version, and its ``door``.

    It is read from the state itself: no list could hide anything.
    """
    document = cast("dict[str, list[dict[str, list[_Repository]]]]", admin(stack, "GET", "state"))
    return {
        f"{repository['name']}: {package['package']}": {
            **{one["version"]: one["status"] for one in package["versions"]},
            "door": door_of(
                package["restrictions"]["publish"], package["restrictions"]["upstream"]
            ),
        }
        for repository in document["domains"][0]["repositories"]
        for package in repository["packages"]
    }


def state(stack: LocalStack, company: Company) -> dict[str, dict[str, str]]:
    """Return what there is of *company*, as `Company.state` does."""
    everything = held(stack)
    doors = {one.key for one in company.packages if one.door is not None}
    return {
        one.key: {
            name: status
            for name, status in everything.get(one.key, {}).items()
            if name != "door" or one.key in doors
        }
        for one in company.packages
    }


def summary(stack: LocalStack, execution: Execution) -> Summary:
    """Return what a sweep that has ended came to."""
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    found = client_of(stack, "s3", stack.options.account).get_object(
        Bucket=stack.reference("SweepsBucket"), Key=keys.summary(execution.name)
    )
    return summary_in(found["Body"].read().decode())


def sweep(stack: LocalStack, **wish: object) -> Summary:
    """Sweep the domain by hand; return what it came to, when nothing is left to be done."""
    arn = stack.start_execution(MACHINE, wish)
    ended = stack.wait_for_execution(arn, timeout_seconds=120)
    rest(stack)
    return summary(stack, ended)


def sweep_by_schedule(stack: LocalStack) -> Summary:
    """The schedule fires; return what the sweep came to, when nothing is left to be done."""
    before = {one.arn for one in stack.state_machines.executions()}
    stack.fire(SCHEDULE)
    (new,) = [one.arn for one in stack.state_machines.executions() if one.arn not in before]
    ended = stack.wait_for_execution(new, timeout_seconds=120)
    rest(stack)
    return summary(stack, ended)


def rest(stack: LocalStack) -> None:
    """
    Return when no message waits and no state machine runs.

    Where an event was faster than the sweep, a function has put off a second look for minutes
    (a door that it has shut): the clock is set on then, once.
    """
    until(lambda: not stack.executions_left)
    with suppress(AssertionError):
        until(lambda: not stack.messages_left, seconds=20)
        return
    later(stack, timedelta(minutes=16))
    until(lambda: not stack.executions_left and not stack.messages_left)


def writes(stack: LocalStack) -> dict[str, int]:
    """Return the calls that write in CodeArtifact since the last time, and count from zero."""
    made = cast("dict[str, int]", admin(stack, "DELETE", "requests"))
    return {name: number for name, number in made.items() if name in WRITES}


def remembered(stack: LocalStack) -> int:
    """Return how many entries of changes and marks the ledger has."""
    found = client_of(stack, "dynamodb", stack.options.account).scan(
        TableName=stack.reference("LedgerTable")
    )
    entries = [item["entry"]["S"].partition("#")[0] for item in found["Items"]]
    return sum(entry in {"change", "mark"} for entry in entries)


def events_of(stack: LocalStack, company: Company) -> None:
    """
    An event of each package of the team comes, as if its first version had just been published.

    Of the others none: whether a version is promoted or expires first would be a matter of luck.
    """
    sample = json.loads((EVENTS / "maven-release-published.json").read_text(encoding="utf-8"))
    for one in (each for each in company.packages if each.repository == TEAM):
        about = {
            "domainName": DOMAIN,
            "domainOwner": stack.options.account,
            "repositoryName": one.repository,
            "repositoryAdministrator": stack.options.account,
            "packageFormat": one.kind,
            "packageNamespace": one.namespace,
            "packageName": one.name,
            "packageVersion": one.versions[0].version,
        }
        stack.router.route({**sample, "detail": {**sample["detail"], **about}})
