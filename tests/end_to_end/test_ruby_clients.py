"""RubyGems and Bundler themselves: push, install, bundle, and the public gems behind it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually, steward_up
from tests.end_to_end.ruby_client import DOMAIN, Ruby, RubyTools, build, ruby_tools

TEAM = "team"
STORE = "rubygems-store"
PRIVATE = "private"


@pytest.fixture(scope="module")
def tools() -> RubyTools:
    """Ruby's commands."""
    return ruby_tools()


@pytest.fixture(scope="module")
def public(tools: RubyTools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of public gems: one that needs another, which has a gem for this platform."""
    folder = tmp_path_factory.mktemp("public")
    gems = folder / "gems"
    for version in ("1.0.0", "1.1.0"):
        needs = 's.add_dependency "polite", ">= 1.0", "< 3"'
        build(tools, gems, "greeter", version, more=needs)
    build(tools, gems, "polite", "1.2.0")
    build(tools, gems, "polite", "1.2.0", more='s.platform = "x86_64-linux"')
    return folder


@pytest.fixture(scope="module")
def stack(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local stack whose public gems are in a folder."""
    folder = tmp_path_factory.mktemp("stack")
    with steward_up(folder, environment={"STEWARD_RUBY_GEMS_ORG": str(public)}) as running:
        client = running.codeartifact
        client.create_domain(domain=DOMAIN)
        client.create_repository(domain=DOMAIN, repository=STORE)
        client.associate_external_connection(
            domain=DOMAIN, repository=STORE, externalConnection="public:ruby-gems-org"
        )
        client.create_repository(
            domain=DOMAIN, repository=TEAM, upstreams=[{"repositoryName": STORE}]
        )
        client.create_repository(domain=DOMAIN, repository=PRIVATE)
        yield running


def held(stack: LocalStack, repository: str, gem: str) -> dict[str, str]:
    """Return the status of each version of a gem."""
    return stack.versions(repository, gem, fmt="ruby")


def platform_of(versions: dict[str, str]) -> bool:
    """Return whether one of the gems of ``polite`` is there, for this platform or for all."""
    return len(versions) == 1 and set(versions) <= {"1.2.0", "1.2.0-x86_64-linux"}


def test_a_gem_that_is_pushed_is_installed_by_gem_and_by_bundler(
    developer: Developer, stack: LocalStack, tools: RubyTools, tmp_path: Path
) -> None:
    """Other bytes for it are refused."""
    token = developer.token(DOMAIN)
    ruby = Ruby(developer, tools, PRIVATE)

    ruby.push(build(tools, tmp_path, "team-greeter", "1.0.0"), token=token)

    assert held(stack, PRIVATE, "team-greeter") == {"1.0.0": "Published"}
    ruby.install("team-greeter", token=token)
    assert ruby.installed() == {"team-greeter-1.0.0"}
    other = build(tools, tmp_path / "other", "team-greeter", "1.0.0", says="OTHER = true")
    assert "already exists" in ruby.push(other, token=token, refused=True)

    bundled = Ruby(developer, tools, PRIVATE, folder="b")
    assert "team-greeter (1.0.0)" in bundled.bundle("team-greeter", token=token)
    assert "team-greeter-1.0.0" in bundled.installed()


def test_a_bundle_of_public_gems_installs_again_while_nothing_is_public(
    developer: Developer, stack: LocalStack, tools: RubyTools
) -> None:
    """Both repositories hold what was fetched, each gem for the platform that was asked for."""
    token = developer.token(DOMAIN)

    lock = Ruby(developer, tools, TEAM).bundle("greeter", token=token)

    assert "greeter (1.1.0)" in lock
    for repository in (TEAM, STORE):
        kept = partial(held, stack, repository)
        eventually(partial(kept, "greeter"), lambda seen: seen == {"1.1.0": "Published"})
        eventually(partial(kept, "polite"), platform_of)
    elsewhere = Ruby(developer, tools, TEAM, folder="b")
    with stack.faults(externalConnections={"public:ruby-gems-org": "down"}):
        assert elsewhere.bundle("greeter", token=token, lock=lock) == lock
    assert "greeter-1.1.0" in elsewhere.installed()


def test_gem_installs_through_the_external_connection(
    developer: Developer, stack: LocalStack, tools: RubyTools
) -> None:
    """With what the gem needs."""
    ruby = Ruby(developer, tools, TEAM)

    ruby.install("greeter", token=developer.token(DOMAIN))

    assert {name.partition("-")[0] for name in ruby.installed()} == {"greeter", "polite"}
    eventually(partial(held, stack, TEAM, "greeter"), lambda seen: "1.1.0" in seen)


def test_a_gem_that_nobody_has_is_not_found(
    developer: Developer, stack: LocalStack, tools: RubyTools
) -> None:
    """Both clients say so in their own words."""
    token = developer.token(DOMAIN)
    ruby = Ruby(developer, tools, TEAM)

    assert "no-such-gem" in ruby.install("no-such-gem", token=token, refused=True)
    assert "Could not find gem" in ruby.bundle("no-such-gem", token=token, refused=True)
    assert held(stack, TEAM, "no-such-gem") == {}


def test_nothing_is_told_or_taken_without_a_token(
    developer: Developer, stack: LocalStack, tools: RubyTools, tmp_path: Path
) -> None:
    """Bundler asks for credentials, and a push is refused."""
    ruby = Ruby(developer, tools, PRIVATE)

    assert "Authentication is required" in ruby.bundle("greeter", token=None, refused=True)
    file = build(tools, tmp_path, "refused", "1.0.0")
    assert "token is needed" in ruby.push(file, token="nonsense", refused=True)
    assert held(stack, PRIVATE, "refused") == {}
