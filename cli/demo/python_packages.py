"""First chapter: a public package enters the company, and stays when the public index is gone."""

from pathlib import Path

from cli.demo.company import Company, columns
from cli.demo.python_clients import index_url, pip_install
from cli.demo.story import StepFailedError, Story, until
from cli.demo.world import CONNECTION

STORE = "pypi-store"
REPOSITORY = "DemoRepository"
PACKAGE = "requests"
VERSION = "2.26.0"  # the tutorial's second version
ARRIVAL_SECONDS = 60.0  # a version's other files follow in the background


def tell(story: Story, company: Company, scratch: Path) -> None:
    """Make the repositories, install through them twice, and show what they hold."""
    story.chapter("A public package enters the company")
    _make_repositories(story, company)
    first = _install(
        story,
        company,
        scratch / "first",
        f"pip installs {PACKAGE} {VERSION} through {REPOSITORY}",
    )
    _show_holdings(story, company, first)
    company.set_fault({"externalConnections": {CONNECTION: "down"}})
    second = _install(
        story,
        company,
        scratch / "second",
        f"{CONNECTION} goes down; pip installs again, without a cache of its own",
    )
    if second != first:
        raise StepFailedError(f"pip installed {second} instead of {first}")
    company.set_fault({"externalConnections": {CONNECTION: "up"}})


def _make_repositories(story: Story, company: Company) -> None:
    story.step("A domain, a store for public packages, a repository for everyone")
    client = company.codeartifact
    client.create_domain(domain=company.domain)
    client.create_repository(domain=company.domain, repository=STORE)
    client.associate_external_connection(
        domain=company.domain, repository=STORE, externalConnection=CONNECTION
    )
    client.create_repository(
        domain=company.domain, repository=REPOSITORY, upstreams=[{"repositoryName": STORE}]
    )
    made = client.describe_repository(domain=company.domain, repository=REPOSITORY)["repository"]
    upstreams = [upstream["repositoryName"] for upstream in made["upstreams"]]
    if upstreams != [STORE]:
        raise StepFailedError(f"{REPOSITORY} has the upstreams {upstreams}")
    story.url("INDEX", index_url(company, REPOSITORY, "TOKEN"))
    story.note("INDEX is what `aws codeartifact login --tool pip` tells pip")
    story.note(f"{company.domain}:  {REPOSITORY}  →  {STORE}  →  {CONNECTION}")
    story.confirm(f"{REPOSITORY} looks in {STORE} for what it does not hold", upstreams=upstreams)


def _install(story: Story, company: Company, target: Path, says: str) -> dict[str, str]:
    """Install into an empty folder; return ``{package: version}`` of what pip put there."""
    story.step(says)
    story.command(f"pip install --index-url $INDEX {PACKAGE}=={VERSION}")
    installed = pip_install(company, REPOSITORY, f"{PACKAGE}=={VERSION}", target)
    if installed.get(PACKAGE) != VERSION:
        raise StepFailedError(f"pip installed {installed}")
    names = ", ".join(f"{name} {version}" for name, version in installed.items())
    story.confirm(f"installed {names}", installed=installed)
    return installed


def _show_holdings(story: Story, company: Company, installed: dict[str, str]) -> None:
    story.step("What each repository now holds by itself")
    wanted = {name.replace("_", "-"): version for name, version in installed.items()}

    def both() -> list[dict[str, str]] | None:
        held = [company.holdings(name, "pypi") for name in (REPOSITORY, STORE)]
        return held if all(wanted.items() <= one.items() for one in held) else None

    held = until(
        both,
        what=f"{', '.join(wanted)} in {REPOSITORY} and in {STORE}",
        timeout_seconds=ARRIVAL_SECONDS,
    )
    source = company.connections().get(CONNECTION)
    if source:
        story.note(f"{CONNECTION} is {source}")
    table = columns("package", REPOSITORY, STORE)
    for name in sorted({*held[0], *held[1]}):
        table.add_row(name, held[0].get(name, "-"), held[1].get(name, "-"))
    story.table(table)
    story.confirm(
        "both keep what was fetched: the one that was asked, and the one with the connection",
        holdings=dict(zip((REPOSITORY, STORE), held, strict=True)),
    )
