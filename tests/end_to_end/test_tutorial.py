"""The tutorial with the aws CLI, pip and twine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from tests.end_to_end.developer import Developer, values
from tests.end_to_end.local_stack import LocalStack
from tests.end_to_end.public_packages import PublicPackages, wheel

DOMAIN = "my-company"
OTHER_ACCOUNT = "210987654321"
STAND_IN_FOR_AN_OLD_VERSION = "2.26.0"
STAND_IN_FOR_THE_NEWEST_VERSION = "2.32.5"


@pytest.fixture(scope="module", autouse=True)
def tutorial(stack: LocalStack, public_packages: PublicPackages) -> None:
    """The tutorial's repositories, and a public package with a dependency and two versions."""
    public_packages.release_python("politeness", "1.4.1")
    for version in (STAND_IN_FOR_AN_OLD_VERSION, STAND_IN_FOR_THE_NEWEST_VERSION):
        public_packages.release_python("greeter", version, requires=["politeness>=1"])
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    client.create_repository(domain=DOMAIN, repository="pypi-store")
    client.associate_external_connection(
        domain=DOMAIN, repository="pypi-store", externalConnection="public:pypi"
    )
    client.create_repository(
        domain=DOMAIN, repository="DemoRepository", upstreams=[{"repositoryName": "pypi-store"}]
    )


def use_repository(developer: Developer, repository: str, *, owner: str | None = None) -> str:
    """Point pip at a repository as the tutorial does, and return the index address."""
    named = {"domain_owner": owner} if owner else {}
    url = developer.repository_url(DOMAIN, repository, "pypi", **named)
    token = developer.token(DOMAIN, **named)
    index = f"{url.replace('://', f'://aws:{token}@')}simple/"
    developer.run("pip", "config", "set", "global.index-url", index)
    return index


def python_versions(stack: LocalStack, repository: str, package: str) -> dict[str, str]:
    """Return the versions of a Python package in a repository, with their statuses."""
    return stack.versions(repository, package, fmt="pypi")


def test_a_domain_and_a_repository_with_a_store_behind_the_external_connection(
    developer: Developer,
) -> None:
    """The four commands of the tutorial leave a chain that DescribeRepository shows."""
    domain = "tutorial-company"
    described = developer.aws("create-domain", domain=domain)["domain"]
    assert cast("dict[str, object]", described)["name"] == domain
    developer.aws("create-repository", domain=domain, repository="pypi-store")
    developer.aws(
        "associate-external-connection",
        domain=domain,
        repository="pypi-store",
        external_connection="public:pypi",
    )
    developer.aws(
        "create-repository",
        domain=domain,
        repository="DemoRepository",
        upstreams="repositoryName=pypi-store",
    )

    store = developer.aws("describe-repository", domain=domain, repository="pypi-store")
    demo = developer.aws("describe-repository", domain=domain, repository="DemoRepository")

    store_shown = cast("dict[str, object]", store["repository"])
    assert store_shown["externalConnections"] == [
        {
            "externalConnectionName": "public:pypi",
            "packageFormat": "pypi",
            "status": "Available",
        }
    ]
    assert cast("dict[str, object]", demo["repository"])["upstreams"] == [
        {"repositoryName": "pypi-store"}
    ]


def test_a_token_lives_twelve_hours_unless_told_otherwise(developer: Developer) -> None:
    """The default token ends twelve hours from now; a shorter one may be asked for."""
    now = datetime.now(UTC)

    default = developer.aws("get-authorization-token", domain=DOMAIN)
    short = developer.aws("get-authorization-token", domain=DOMAIN, duration_seconds="900")

    tolerance = timedelta(minutes=5)
    for answer, lifetime in ((default, timedelta(hours=12)), (short, timedelta(minutes=15))):
        ends = datetime.fromtimestamp(float(str(answer["expiration"])), UTC)
        assert abs(ends - now - lifetime) < tolerance


def test_pip_finds_nothing_at_the_tutorials_literal_address_without_simple(
    developer: Developer,
) -> None:
    """An index address that ends before ``simple/`` is no index; with ``simple/`` it is one."""
    index = use_repository(developer, "DemoRepository")
    literal = index.removesuffix("simple/")

    refused = developer.run("pip", "install", "--index-url", literal, "greeter", refused=True)
    assert "No matching distribution found for greeter" in refused.stderr

    developer.run("pip", "install", "--no-cache-dir", "greeter")
    assert "greeter" in developer.installed()


def test_a_forged_token_opens_nothing(developer: Developer) -> None:
    """A token that the service did not issue is refused with 401 and a challenge."""
    url = developer.repository_url(DOMAIN, "DemoRepository", "pypi")
    token = developer.token(DOMAIN)
    forged = token[:-8] + token[-8:].swapcase()

    answers = [
        developer.run("curl", "-sS", "-i", *credentials, f"{url}simple/greeter/").stdout
        for credentials in ((), ("-u", f"aws:{forged}"), ("-u", f"aws:{token}"))
    ]

    assert answers[0].startswith("HTTP/1.1 401")
    assert "www-authenticate: basic" in answers[0].lower()
    assert answers[1].startswith("HTTP/1.1 401")
    assert answers[2].startswith("HTTP/1.1 200")


def test_what_was_installed_once_installs_again_with_the_outside_down(
    developer: Developer, stack: LocalStack, public_packages: PublicPackages
) -> None:
    """The package and its dependency stand in both repositories and serve the second install."""
    use_repository(developer, "DemoRepository")
    developer.run("pip", "install", "--no-cache-dir", "greeter")

    for repository in ("DemoRepository", "pypi-store"):
        greeters = python_versions(stack, repository, "greeter")
        assert greeters[STAND_IN_FOR_THE_NEWEST_VERSION] == "Published"
        assert python_versions(stack, repository, "politeness") == {"1.4.1": "Published"}
    assert developer.installed()["politeness"] == "1.4.1"

    developer.new_environment("venv")
    public_packages.asked.clear()
    with stack.faults(externalConnections={"public:pypi": "down"}):
        developer.run("pip", "install", "--no-cache-dir", "greeter")
    assert developer.installed() == {
        "greeter": STAND_IN_FOR_THE_NEWEST_VERSION,
        "politeness": "1.4.1",
    }
    assert not [path for path in public_packages.asked if "files" in path]


def test_a_second_version_stands_beside_the_first(developer: Developer, stack: LocalStack) -> None:
    """Asking for an older version by number adds it and leaves the newer one."""
    use_repository(developer, "DemoRepository")
    developer.run("pip", "install", "--no-cache-dir", "greeter")
    developer.run("pip", "install", "--no-cache-dir", f"greeter=={STAND_IN_FOR_AN_OLD_VERSION}")

    assert developer.installed()["greeter"] == STAND_IN_FOR_AN_OLD_VERSION
    shown = developer.aws(
        "list-package-versions",
        domain=DOMAIN,
        repository="DemoRepository",
        format="pypi",
        package="greeter",
    )
    assert sorted(values(shown, "versions", "version")) == [
        STAND_IN_FOR_AN_OLD_VERSION,
        STAND_IN_FOR_THE_NEWEST_VERSION,
    ]
    assert sorted(python_versions(stack, "pypi-store", "greeter")) == [
        STAND_IN_FOR_AN_OLD_VERSION,
        STAND_IN_FOR_THE_NEWEST_VERSION,
    ]


def policy(account: str, *actions: str) -> str:
    """Return a policy that allows *actions* to another account."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": [f"codeartifact:{action}" for action in actions],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_another_account_needs_the_domains_and_the_repositorys_policy(
    new_developer: Callable[..., Developer], stack: LocalStack
) -> None:
    """Without policies nothing; with the domain's a token; with the repository's, packages."""
    owner = new_developer()
    guest = new_developer(access_key=OTHER_ACCOUNT)
    domain = {"domain": DOMAIN, "domain_owner": stack.account}

    assert "AccessDenied" in guest.aws_refused("get-authorization-token", **domain)

    owner.aws(
        "put-domain-permissions-policy",
        domain=DOMAIN,
        policy_document=policy(OTHER_ACCOUNT, "GetAuthorizationToken"),
    )
    token = guest.token(**domain)
    url = owner.repository_url(DOMAIN, "DemoRepository", "pypi")
    page = (f"{url}simple/greeter/", "-o", str(guest.home / "page"), "-w", "%{http_code}")
    asked = guest.run("curl", "-sS", "-u", f"aws:{token}", *page)
    assert asked.stdout == "403"
    assert "AccessDenied" in guest.aws_refused(
        "list-packages", repository="DemoRepository", **domain
    )

    owner.aws(
        "put-repository-permissions-policy",
        domain=DOMAIN,
        repository="DemoRepository",
        policy_document=policy(
            OTHER_ACCOUNT, "ReadFromRepository", "GetRepositoryEndpoint", "ListPackages"
        ),
    )
    use_repository(guest, "DemoRepository", owner=stack.account)
    guest.run("pip", "install", "--no-cache-dir", "greeter")
    assert "greeter" in guest.installed()
    assert "greeter" in values(
        guest.aws("list-packages", repository="DemoRepository", **domain), "packages", "package"
    )

    mine = guest.home / "mine-1.0-py3-none-any.whl"
    mine.write_bytes(wheel("mine", "1.0"))
    refused = guest.run(
        *("twine", "upload", "--disable-progress-bar", "--repository-url", url),
        *("-u", "aws", "-p", token, mine),
        refused=True,
    )
    assert "403" in refused.stdout + refused.stderr
    assert python_versions(stack, "DemoRepository", "mine") == {}


def test_a_domain_goes_only_when_its_repositories_are_gone(developer: Developer) -> None:
    """Deleting a domain that holds a repository is refused; emptied, it goes."""
    domain = "short-lived"
    developer.aws("create-domain", domain=domain)
    developer.aws("create-repository", domain=domain, repository="pypi-store")

    assert "ConflictException" in developer.aws_refused("delete-domain", domain=domain)
    developer.aws("delete-repository", domain=domain, repository="pypi-store")
    developer.aws("delete-domain", domain=domain)

    assert domain not in values(developer.aws("list-domains"), "domains", "name")
    assert "ResourceNotFound" in developer.aws_refused("describe-domain", domain=domain)


def test_a_deleted_repository_takes_its_packages_along(
    developer: Developer, stack: LocalStack
) -> None:
    """A repository of the same name starts empty."""
    developer.aws("create-repository", domain=DOMAIN, repository="passing")
    url = developer.repository_url(DOMAIN, "passing", "pypi")
    built = developer.home / "mine-1.0-py3-none-any.whl"
    built.write_bytes(wheel("mine", "1.0"))
    developer.run(
        *("twine", "upload", "--disable-progress-bar", "--repository-url", url),
        *("-u", "aws", "-p", developer.token(DOMAIN), built),
    )
    assert python_versions(stack, "passing", "mine") == {"1.0": "Published"}

    developer.aws("delete-repository", domain=DOMAIN, repository="passing")
    developer.aws("create-repository", domain=DOMAIN, repository="passing")

    assert developer.aws("list-packages", domain=DOMAIN, repository="passing")["packages"] == []
