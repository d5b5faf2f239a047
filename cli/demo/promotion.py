"""Fourth chapter: of four public packages, those that pass the gates are promoted, when they do."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

from cli.demo.company import Company
from cli.demo.played_policy import PROMOTIONS
from cli.demo.python_clients import index_url, pip_install, pip_refusal
from cli.demo.steward_command import steward, steward_output
from cli.demo.story import StepFailedError, Story, until
from cli.demo.world import CONNECTION

INTAKE = "pypi-intake"
APPROVED = "pypi-approved"
OLD = "tidy-charts"  # long released
YOUNG = "tidy-maps"  # released three days ago
MANUAL = "tidy-crypto"  # somebody has to look at it
MALICIOUS = "tidy-colours"
PACKAGES = (OLD, YOUNG, MANUAL, MALICIOUS)
VERSION = "1.0"
ENTRY = "MAL-2026-4711"
AGES = {YOUNG: timedelta(days=3)}
LONG_AGO = timedelta(days=400)
UNTIL_OLD_ENOUGH = "P4DT1H"  # the rule wants seven days
REASON = "read the diff to the last release"
DECISION_SECONDS = 40.0  # a batch window of 5 s at most, a cold start, and room for a slow machine
DUE_SECONDS = 60.0  # the schedule's message, then that of the package: two batch windows

Promotions = dict[str, Mapping[str, object]]


def tell(story: Story, company: Company, scratch: Path) -> None:
    """Fetch the packages, show what is held, refused and promoted, and how the held ones pass."""
    story.chapter("What passes the gates is promoted, and nothing else")
    _make_repositories(story, company, scratch)
    _fetch(story, company, scratch)
    first = _show_decisions(story, company)
    _install_what_is_there(story, company, scratch, first)
    _let_days_go_by(story, company)
    _approve(story, company)
    _show_the_end(story, company, scratch)


def purl(package: str) -> str:
    """Return the package URL of a package's only version."""
    return f"pkg:pypi/{package}@{VERSION}"


def _make_repositories(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"{INTAKE} may fetch anything; {APPROVED} fetches nothing: it has no upstream")
    client = company.codeartifact
    for repository in (INTAKE, APPROVED):
        client.create_repository(domain=company.domain, repository=repository)
    client.associate_external_connection(
        domain=company.domain, repository=INTAKE, externalConnection=CONNECTION
    )
    _release(company)
    story.rules(PROMOTIONS)
    story.note(
        "these rules are the demonstration's addition, and so are the packages, laid over "
        f"{CONNECTION} in this process; the local OSV lists {MALICIOUS}"
    )
    story.url("APPROVED", index_url(company, APPROVED, "TOKEN"))
    story.command(f"pip install --index-url $APPROVED {OLD}")
    refusal = pip_refusal(company, APPROVED, OLD, scratch / "empty")
    story.quote(refusal)
    story.confirm("nothing has been let through yet, so there is nothing", nothing_yet=refusal)


def _release(company: Company) -> None:
    """Offer the packages outside; tell the local OSV what one of them does."""
    from emulator.external.archives import Project, wheel

    now = company.now()
    for package in PACKAGES:
        file = f"{package.replace('-', '_')}-{VERSION}-py3-none-any.whl"
        company.world.outside.register(
            package,
            file,
            wheel(Project(package, VERSION, ">=3")),
            released=now - AGES.get(package, LONG_AGO),
        )
    affected = {"package": {"ecosystem": "PyPI", "name": MALICIOUS}, "versions": [VERSION]}
    entry = {"id": ENTRY, "summary": "Sends environment variables away", "affected": [affected]}
    company.know_vulnerabilities([entry])


def _fetch(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"Someone who may use {INTAKE} tries four packages")
    story.url("INTAKE", index_url(company, INTAKE, "TOKEN"))
    story.command(f"pip install --index-url $INTAKE {' '.join(PACKAGES)}")
    installed = pip_install(company, INTAKE, PACKAGES[0], scratch / "tried", *PACKAGES[1:])
    if installed != dict.fromkeys(PACKAGES, VERSION):
        raise StepFailedError(f"pip installed {installed}")
    story.confirm(f"all four are in {INTAKE} now; each is an event", fetched=installed)


def _show_decisions(story: Story, company: Company) -> Promotions:
    story.step("Each is judged, by when it was released, by what OSV knows, and by the rule")

    def judged() -> bool | None:
        held = {line["package"] for line in company.decisions("held")}
        refused = {line["package"] for line in company.decisions("refused")}
        return _copied(company, OLD) if {YOUNG, MANUAL} <= held and MALICIOUS in refused else None

    until(judged, what="a decision on each of the four", timeout_seconds=DECISION_SECONDS)
    seen = _show_promotions(story, company)
    wanted = {OLD: "copied", YOUNG: "held", MANUAL: "held", MALICIOUS: "refused"}
    _expect_states(seen, wanted)
    story.confirm(
        "promoted, held until it is old enough, held for a person, refused: each with its reason",
        first=_states(seen),
        reasons={package: seen[package]["reason"] for package in PACKAGES},
        held_until=seen[YOUNG]["due"],
    )
    return seen


def _install_what_is_there(story: Story, company: Company, scratch: Path, seen: Promotions) -> None:
    story.step(f"What {APPROVED} gives to everybody")
    _install(story, company, scratch / "approved", OLD)
    for package in PACKAGES[1:]:
        story.command(f"pip install --index-url $APPROVED {package}")
        refusal = pip_refusal(company, APPROVED, package, scratch / "refused")
        story.quote(refusal)
        if "(from versions: none)" not in refusal:
            raise StepFailedError(f"pip failed for another reason: {refusal}")
    story.confirm(
        "what was let through, and nothing else",
        missing=[package for package in PACKAGES if seen[package]["state"] != "copied"],
    )


def _let_days_go_by(story: Story, company: Company) -> None:
    story.step("Four days go by: the local CodeArtifact's clock is set on")
    story.command(
        f'curl -X PUT $AWS_ENDPOINT_URL/_emulator/clock -d \'{{"advance": "{UNTIL_OLD_ENOUGH}"}}\''
    )
    company.let_pass(UNTIL_OLD_ENOUGH)
    story.note("every five minutes a schedule asks what is due; that is one query, never a scan")
    story.confirm(f"it is {company.now():%Y-%m-%d %H:%M} UTC there, and for the functions")


def _approve(story: Story, company: Company) -> None:
    story.step(f"Meanwhile, somebody reads {MANUAL}, and approves it")
    command = ["approve", purl(MANUAL), "--repository", INTAKE, "--reason", REASON]
    story.command(f'steward approve {purl(MANUAL)} --repository {INTAKE} --reason "{REASON}"')
    became = steward(company, *command)
    approval = cast("Mapping[str, str]", became["approval"])
    if became["state"] != "copied" or approval["reason"] != REASON:
        raise StepFailedError(f"{MANUAL} is {became['state']}: {became['reason']}")
    story.note(
        f"who: {approval['who']}, which SQS says and nobody can write into a message (here it is "
        "moto that says so, of everybody)"
    )
    story.confirm(f"{MANUAL} is promoted: all other gates had let it through", approval=approval)


def _show_the_end(story: Story, company: Company, scratch: Path) -> None:
    story.step("The schedule has found what is old enough by now")
    until(
        lambda: _copied(company, YOUNG),
        what=f"{YOUNG} in {APPROVED}",
        timeout_seconds=DUE_SECONDS,
    )
    seen = _show_promotions(story, company)
    wanted = {**dict.fromkeys((OLD, YOUNG, MANUAL), "copied"), MALICIOUS: "refused"}
    _expect_states(seen, wanted)
    _install(story, company, scratch / "later", OLD, YOUNG, MANUAL)
    refusal = pip_refusal(company, APPROVED, MALICIOUS, scratch / "never")
    story.command(f"pip install --index-url $APPROVED {MALICIOUS}")
    story.quote(refusal)
    story.confirm(
        f"everything but {MALICIOUS}, which no age and no person lets through",
        last=_states(seen),
        malicious_refusal=refusal,
    )


def _install(story: Story, company: Company, target: Path, *packages: str) -> None:
    story.command(f"pip install --index-url $APPROVED {' '.join(packages)}")
    installed = pip_install(company, APPROVED, packages[0], target, *packages[1:])
    if installed != dict.fromkeys(packages, VERSION):
        raise StepFailedError(f"pip installed {installed}")
    names = ", ".join(f"{name} {version}" for name, version in installed.items())
    story.confirm(f"installed {names}", approved=installed)


def _copied(company: Company, package: str) -> bool | None:
    """Return true as soon as the record of *package* says that it is in the destination."""
    copied = [line for line in company.decisions("copied") if line["package"] == package]
    return True if copied else None


def _show_promotions(story: Story, company: Company) -> Promotions:
    """Show what `steward promotions` prints, and return it by package."""
    story.command("steward promotions")
    text = steward_output(company, "promotions", width=story.width, colours=story.colours)
    story.output(text)
    rows = cast("list[Mapping[str, object]]", steward(company, "promotions")["promotions"])
    return {str(row["packageUrl"]).removeprefix("pkg:pypi/").split("@")[0]: row for row in rows}


def _states(seen: Promotions) -> dict[str, str]:
    return {package: str(row["state"]) for package, row in sorted(seen.items())}


def _expect_states(seen: Promotions, wanted: Mapping[str, str]) -> None:
    if _states(seen) != dict(sorted(wanted.items())):
        raise StepFailedError(f"steward promotions says {_states(seen)}")
