"""Last chapter: what has grown for years is swept to what the policy says, after it was read."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from cli import plans
from cli.demo import shop
from cli.demo.company import Company, columns
from cli.demo.inbox import Inbox, Message
from cli.demo.played_policy import RETENTION
from cli.demo.python_clients import index_url, pip_install, pip_refusal
from cli.demo.shop import LIBRARIES, LOCK_FILE, LOCKED, NIGHTLIES, REPORTS
from cli.demo.steward_command import steward, steward_output
from cli.demo.story import StepFailedError, Story, until

INBOX = "inbox-of-the-sweep"
MISSED = "1.4"  # archived, and then somebody misses it
REASON = "the finance department still builds with it"
PURL = f"pkg:pypi/{REPORTS}@{MISSED}"
STOPPED = 1  # the exit status of a sweep that has not done all that it was to do
MESSAGE_SECONDS = 30.0
NAMED = 4  # versions in a row of a table
GONE = "deleted"
WRITES = {"UpdatePackageVersionsStatus", "DisposePackageVersions", "DeletePackageVersions"}
STYLES = {"Published": "green", "Unlisted": "yellow", "Archived": "yellow", GONE: "red"}

PACKAGES = (
    (LIBRARIES, shop.NAMESPACE, shop.CART),
    (LIBRARIES, None, REPORTS),
    (NIGHTLIES, None, shop.NIGHTLY),
)

Statuses = dict[str, dict[str, str]]  # by package, by version


def tell(story: Story, company: Company, policy: Path, scratch: Path) -> None:
    """
    Plan, be stopped by the limit, sweep within it, bring a version back, and sweep the rest.

    Args:
        policy: The file of the policy that is deployed; it has `RETENTION`.
    """
    story.chapter("Old versions go by a rule that explains itself")
    inbox = Inbox(company.stack, INBOX)
    before = _look_at_the_years(story, company)
    deletions = _plan(story, company, policy)
    _stop(story, company, policy, inbox, before)
    _sweep_within_the_limit(story, company, policy, before)
    _build_the_old_client(story, company, policy, scratch)
    _bring_back(story, company, scratch)
    _sweep_what_was_read(story, company, policy, deletions)
    _sum_up(story, company, policy, before)


def _look_at_the_years(story: Story, company: Company) -> Statuses:
    story.step("The web shop has published for years, and nobody has ever deleted anything")
    company.seed(shop.document(company.domain, company.now()))
    story.rules(RETENTION)
    story.note(
        "these rules are the demonstration's addition, and so are the packages, seeded with their "
        f"past times; {LOCK_FILE} has one line: {REPORTS}=={LOCKED}, which is four years old"
    )
    before = _statuses(company)
    table = columns("repository", "package", "versions", "published")
    for repository, _, name in PACKAGES:
        table.add_row(repository, name, str(len(before[name])), shop.SPANS[name])
    story.table(table)
    story.confirm(
        f"{sum(map(len, before.values()))} versions; AWS has no rule that removes one",
        seeded={name: len(versions) for name, versions in before.items()},
    )
    return before


def _plan(story: Story, company: Company, policy: Path) -> dict[str, int]:
    """Show the plan; return how many versions it would delete, by repository."""
    story.step("What would go, and why, before anything does")
    folder = Path(tempfile.mkdtemp(prefix="steward-plan-"))
    page, written = folder / "plan.html", folder / "plan.json"
    story.url("PLAN", str(folder))
    story.command("steward plan --html $PLAN/plan.html --out $PLAN/plan.json")
    output = ["plan", "--html", str(page), "--out", str(written), "--policy", str(policy)]
    story.output(steward_output(company, *output, width=story.width, colours=story.colours))
    deletions: Counter[str] = Counter()
    for line in plans.read(written).lines:
        deletions[line.package.repository.name] += line.deletions
    if deletions != {LIBRARIES: 11, NIGHTLIES: 31}:
        raise StepFailedError(f"the plan deletes {dict(deletions)}")
    if REPORTS.encode() not in page.read_bytes():
        raise StepFailedError(f"{page} does not show it")
    story.confirm(
        "each line has its reason; the page for people stays there after this demonstration",
        planned=dict(deletions),
        page=str(page),
    )
    return dict(deletions)


def _stop(story: Story, company: Company, policy: Path, inbox: Inbox, before: Statuses) -> None:
    story.step("A sweep that would delete too much stops before its first change, and asks")
    _sweep(story, company, policy, ends_with=STOPPED)

    def asked() -> Message | None:
        return next((one for one in inbox.new() if one.subject.startswith("Sweep of ")), None)

    message = until(asked, what="a message about the sweep", timeout_seconds=MESSAGE_SECONDS)
    story.message(message.subject, message.text)
    if _statuses(company) != before:
        raise StepFailedError("the sweep has changed something")
    story.confirm("not one version is another than before", asked=message.subject)


def _sweep_within_the_limit(story: Story, company: Company, policy: Path, before: Statuses) -> None:
    story.step(f"What {LIBRARIES} has to lose is within the limit: a sweep does that")
    _sweep(story, company, policy, "--repository", LIBRARIES)
    after = _statuses(company)
    table = columns("package", "versions", "before", "after")
    for name in (shop.CART, REPORTS):
        became: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for version, status in before[name].items():
            became[status, after[name].get(version, GONE)].append(version)
        for (was, now), versions in became.items():
            table.add_row(name, _named(versions), was, f"[{STYLES[now]}]{now}[/]")
    story.table(table)
    reports = dict.fromkeys(shop.REPORTS_AGES, "Published")
    reports |= dict.fromkeys(("1.0", "1.1", "1.3", "1.4"), "Archived")
    if after[REPORTS] != reports or len(after[shop.CART]) != len(before[shop.CART]) - 11:
        raise StepFailedError(f"{LIBRARIES} holds {after}")
    if after[shop.NIGHTLY] != before[shop.NIGHTLY]:
        raise StepFailedError(f"{NIGHTLIES} was swept, too")
    story.confirm(
        "builds of the released 2.3 are gone, and old ones of 2.4; old releases are archived, "
        f"which can be undone, all but {LOCKED}: a lock file names it",
        libraries={name: after[name] for name in (shop.CART, REPORTS)},
    )


def _build_the_old_client(story: Story, company: Company, policy: Path, scratch: Path) -> None:
    story.step("Nothing that a lock file names is gone: pip builds the old client as ever")
    story.url("SHOP", index_url(company, LIBRARIES, "TOKEN"))
    story.command(f"pip install --index-url $SHOP --require-hashes -r {LOCK_FILE}")
    locked = ("-r", str(policy.parent / LOCK_FILE))
    client = scratch / "old-client"
    installed = pip_install(company, LIBRARIES, "--require-hashes", client, *locked)
    if list(installed.values()) != [LOCKED]:
        raise StepFailedError(f"pip installed {installed}")
    story.confirm(f"installed {REPORTS} {LOCKED}", old_client=installed)


def _bring_back(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"Somebody misses {REPORTS} {MISSED}, and brings it back")
    wanted = f"{REPORTS}=={MISSED}"
    story.command(f"pip install --index-url $SHOP {wanted}")
    refusal = pip_refusal(company, LIBRARIES, wanted, scratch / "missed")
    story.quote(refusal)
    story.command(f'steward restore {PURL} --repository {LIBRARIES} --reason "{REASON}"')
    command = ["restore", PURL, "--repository", LIBRARIES, "--reason", REASON]
    became = steward(company, *command)
    (exemption,) = cast("list[Mapping[str, str]]", became["exemptions"])
    until_day = f"{datetime.fromisoformat(exemption['until']):%-d %B}"
    story.note(
        f"Published again, and every automation leaves it alone until {until_day}; `keep` in the "
        "rule would make that last"
    )
    story.command(f"pip install --index-url $SHOP {wanted}")
    installed = pip_install(company, LIBRARIES, wanted, scratch / "restored")
    if list(installed.values()) != [MISSED]:
        raise StepFailedError(f"pip installed {installed}")
    story.confirm(
        f"installed {REPORTS} {MISSED}", missed_refusal=refusal, exemption=dict(exemption)
    )


def _sweep_what_was_read(
    story: Story, company: Company, policy: Path, deletions: Mapping[str, int]
) -> None:
    number = deletions[NIGHTLIES]
    story.step(f"{number} nightly builds are right to go: a person has read the plan, and says so")
    _sweep(story, company, policy, "--allow-deletions", str(number))
    after = _statuses(company)
    if len(after[shop.NIGHTLY]) != len(shop.NIGHTLY_AGES) - number:
        raise StepFailedError(f"{NIGHTLIES} holds {after[shop.NIGHTLY]}")
    if after[REPORTS][MISSED] != "Published":
        raise StepFailedError(f"{REPORTS} {MISSED} is {after[REPORTS][MISSED]}")
    story.confirm(
        f"they are gone, and {REPORTS} {MISSED} was left alone", restored=after[REPORTS][MISSED]
    )


def _sum_up(story: Story, company: Company, policy: Path, before: Statuses) -> None:
    story.step("What it came to")
    after = _statuses(company)
    table = columns("package", "before", "in use", "archived", "deleted")
    for _, _, name in PACKAGES:
        archived = list(after[name].values()).count("Archived")
        table.add_row(
            name,
            str(len(before[name])),
            str(len(after[name]) - archived),
            str(archived),
            str(len(before[name]) - len(after[name])),
        )
    story.table(table)
    calls = _writes(company)
    _sweep(story, company, policy)
    if _writes(company) != calls or _statuses(company) != after:
        raise StepFailedError(f"{calls} writes became {_writes(company)}")
    story.confirm("another sweep finds nothing to do, and writes nothing", held_at_last=after)


def _sweep(story: Story, company: Company, policy: Path, *more: str, ends_with: int = 0) -> None:
    """Have the deployment sweep, and show what that came to."""
    story.command(" ".join(["steward sweep", *more]))
    said = steward_output(
        company,
        *("sweep", *more, "--policy", str(policy)),
        width=story.width,
        colours=story.colours,
        statuses=(ends_with,),
    )
    story.output(said)


def _statuses(company: Company) -> Statuses:
    return {
        name: company.statuses(repository, namespace, name)
        for repository, namespace, name in PACKAGES
    }


def _writes(company: Company) -> dict[str, int]:
    """Return how often versions were changed, by operation."""
    return {name: n for name, n in company.function_calls().items() if name in WRITES}


def _named(versions: Sequence[str]) -> str:
    """Return *versions* in a row, if they are many the first and the last of them."""
    if len(versions) <= NAMED:
        return ", ".join(versions)
    return f"{versions[0]} to {versions[-1]} ({len(versions)})"
