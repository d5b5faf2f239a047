"""Third chapter: somebody outside takes the name of an internal package, and gets nowhere."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo import billing
from cli.demo.company import Company, columns
from cli.demo.inbox import Inbox, Message
from cli.demo.python_clients import pip_install, pip_refusal, twine_upload
from cli.demo.python_packages import REPOSITORY, STORE
from cli.demo.story import StepFailedError, Story, until
from cli.demo.world import CONNECTION
from steward.coordinates import Package, Repository

if TYPE_CHECKING:
    from steward.policy import OriginRule, Policy

INBOX = "inbox-of-the-attack"
PACKAGE = billing.NAME
OURS = "1.4.0"
THEIRS = "99.0"
THEIRS_NEXT = "100.0"
ARRIVAL_SECONDS = 60.0
DECISION_SECONDS = 40.0  # a batch window of 5 s at most, a cold start, and room for a slow machine
CACHE_IS_OVER = "PT31M"  # 30 minutes for PyPI ("External connection latency", User Guide)

REFUSED = {"publish": "BLOCK", "upstream": "ALLOW"}  # for what came in from outside (User Guide)
WANTED = {"publish": "ALLOW", "upstream": "BLOCK"}

STYLES = {"ALLOW": "green", "Published": "green", "BLOCK": "yellow", "Archived": "yellow"}


def check_policy(policy: "Policy", account: str) -> None:
    """
    Return if the policy has versions from outside archived in the package of this chapter.

    Raises:
        StepFailedError: It does not, so nothing would be stopped.
    """
    if not _is_guarded(_rule(policy, account, REPOSITORY)):
        raise StepFailedError(
            f"the policy has origins rules, and for /pypi//{PACKAGE} in {REPOSITORY} none that "
            "says `kind: internal` and has versions from outside archived, so there is nothing to "
            "show"
        )


def tell(story: Story, company: Company, policy: "Policy", addition: str, scratch: Path) -> None:
    """Let the attack begin, let the function end it, and show that it stays so."""
    story.chapter("A dependency confusion is stopped")
    account = company.stack.options.account
    guarded = [name for name in (REPOSITORY, STORE) if _is_guarded(_rule(policy, account, name))]
    inbox = Inbox(company.stack, INBOX)
    _show_rule(story, _rule(policy, account, REPOSITORY), addition)
    with company.world.late_events():
        _attack(story, company, scratch)
        _publish_in_vain(story, company, scratch)
        before = {name: _state(company, name) for name in guarded}
        calls = company.function_calls()
    _show_decision(story, company, guarded)
    _show_change(story, company, before, calls)
    _show_message(story, inbox, guarded)
    _publish(story, company, scratch)
    _attack_again(story, company, scratch)


def _rule(policy: "Policy", account: str, repository: str) -> "OriginRule | None":
    where = Repository(policy.domain, account, repository)
    return policy.origin_rule_for(Package(where, "pypi", None, PACKAGE))


def _is_guarded(rule: "OriginRule | None") -> bool:
    return rule is not None and rule.kind == "internal" and rule.external == "archive"


def _show_rule(story: Story, rule: "OriginRule | None", addition: str) -> None:
    story.step(f"{PACKAGE} is a name of the company's, and nothing is published under it yet")
    if addition:
        story.rules(addition)
        story.note("this rule is the demonstration's addition: the policy file has no origins yet")
    name = rule.name if rule else ""
    story.confirm(f"the policy calls it internal: {name}", rule=name)


def _attack(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"Outside, an attacker takes the name, version {THEIRS}; a developer runs pip")
    company.world.outside.register(PACKAGE, *billing.wheel_of(THEIRS, "the attacker"))
    story.note(f"the attacker's package is the demonstration's own, laid over {CONNECTION} in this")
    story.note("process; nothing was registered anywhere")
    _install(story, company, scratch / "attacked", THEIRS, "the attacker")

    def arrived() -> bool | None:
        return all(_holds(company, name, THEIRS) for name in (REPOSITORY, STORE)) or None

    until(
        arrived,
        what=f"{PACKAGE} {THEIRS} in {REPOSITORY} and in {STORE}",
        timeout_seconds=ARRIVAL_SECONDS,
    )


def _publish_in_vain(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"The company's CI publishes {PACKAGE} {OURS} for the first time")
    story.url("UPLOAD", company.endpoint(REPOSITORY, "pypi"))
    refusal = _upload(story, company, scratch)
    if refusal is None:
        raise StepFailedError(f"{OURS} was published although {THEIRS} came in from outside")
    restrictions = _restrictions(company, REPOSITORY)
    if restrictions != REFUSED:
        raise StepFailedError(f"the package has {restrictions}")
    story.quote(refusal)
    story.note("publish BLOCK, upstream ALLOW: AWS's default for what came in from outside")
    story.note("the demonstration holds back the event of that install until now, to show you this")
    story.confirm("the name is the attacker's: ours is refused", upload_refusal=refusal)


def _show_decision(story: Story, company: Company, guarded: Sequence[str]) -> None:
    story.step("The event arrives; the function looks at the package and decides")

    def told() -> list[dict[str, object]] | None:
        done = {str(line["repository"]) for line in _lines(company, "told")}
        found = _lines(company, "drifted", "external version")
        return found if done >= set(guarded) else None

    decisions = until(told, what=f"what to do with {PACKAGE}", timeout_seconds=DECISION_SECONDS)
    for name in guarded:
        here = [line for line in decisions if line["repository"] == name]
        story.note(f"[bold]{name}[/]: {here[0]['reason']}")
        for line in here:
            story.note(f"  {_decided(line)}")
    story.confirm("decided by the package as it is, not by the event", decisions=decisions)


def _show_change(
    story: Story, company: Company, before: Mapping[str, Mapping[str, str]], calls: Counter[str]
) -> None:
    story.step("The package before, and after the function has run")
    wanted = {name: {**WANTED, THEIRS: "Archived"} for name in before}

    def closed() -> dict[str, dict[str, str]] | None:
        after = {name: _state(company, name) for name in before}
        return after if after == wanted else None

    after = until(closed, what=f"the package as {wanted}", timeout_seconds=DECISION_SECONDS)
    made = company.function_calls() - calls
    table = columns("repository", PACKAGE, "before", "after")
    for name, was in before.items():
        for number, (what, value) in enumerate(after[name].items()):
            shown = "" if number else name
            table.add_row(shown, what, _coloured(was.get(what, "-")), _coloured(value))
        table.add_section()
    story.table(table)
    story.note(
        f"the function's calls to CodeArtifact, for the package in {REPOSITORY} and {STORE}:"
    )
    story.note(", ".join(f"{operation} {number}" for operation, number in sorted(made.items())))
    story.confirm(
        f"ours may come; theirs cannot be downloaded from {' or '.join(before)} any more",
        before=before,
        after=after,
        calls=dict(made),
    )


def _show_message(story: Story, inbox: Inbox, guarded: Sequence[str]) -> None:
    story.step("A person is told: what, where, when, how it came in, how to undo it")
    received: list[Message] = []

    def all_of_them() -> list[Message] | None:
        received.extend(inbox.new())
        return received if len(received) >= len(guarded) else None

    until(all_of_them, what="the message of the topic", timeout_seconds=DECISION_SECONDS)
    about = [one for one in received if f" {REPOSITORY}\n" in one.text]
    if not about:
        raise StepFailedError(f"no message is about {REPOSITORY}: {received}")
    story.message(about[0].subject, about[0].text)
    if len(received) > 1:
        story.note(f"and another one about {' and '.join(guarded[1:])}")
    story.note("the developer still has what was installed; who that is, a person has to find out")
    story.confirm(
        "the SNS topic has delivered it; NotificationEmail names who gets it by e-mail",
        told=[{"subject": one.subject, "text": one.text} for one in received],
    )


def _publish(story: Story, company: Company, scratch: Path) -> None:
    story.step("CI tries again, and the developer too")
    refusal = _upload(story, company, scratch)
    if refusal is not None:
        raise StepFailedError(f"{OURS} was refused: {refusal}")
    story.note("published")
    _install(story, company, scratch / "ours", OURS, "the company")


def _attack_again(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"The attacker offers {THEIRS_NEXT}; half an hour passes, and with it every cache")
    outside = company.world.outside
    outside.register(PACKAGE, *billing.wheel_of(THEIRS_NEXT, "the attacker"))
    company.let_pass(CACHE_IS_OVER)
    asked = outside.questions
    _install(story, company, scratch / "again", OURS, "the company")
    story.command(f"pip install --index-url $INDEX {PACKAGE}=={THEIRS_NEXT}")
    requirement = f"{PACKAGE}=={THEIRS_NEXT}"
    refusal = pip_refusal(company, REPOSITORY, requirement, scratch / "refused")
    story.quote(refusal)
    if f"(from versions: {OURS})" not in refusal:
        raise StepFailedError("pip sees other versions than ours")
    if outside.questions != asked:
        raise StepFailedError(f"{CONNECTION} was asked {outside.questions - asked} times")
    versions = _versions(company, REPOSITORY)
    if versions != {OURS: "Published", THEIRS: "Archived"}:
        raise StepFailedError(f"{REPOSITORY} holds {versions}")
    story.confirm(
        f"{OURS} is the only version there is; {CONNECTION} was not even asked",
        install_refusal=refusal,
        versions=versions,
    )


def _install(story: Story, company: Company, target: Path, version: str, author: str) -> None:
    """Install the package as a developer does, and check what came, and whose code it is."""
    story.command(f"pip install --index-url $INDEX {PACKAGE}")
    installed = pip_install(company, REPOSITORY, PACKAGE, target)
    if installed != {PACKAGE: version} or billing.installed_author(target) != author:
        raise StepFailedError(f"pip installed {installed}")
    story.confirm(f"installed {PACKAGE} {version}: {author}'s code", installed=installed)


def _upload(story: Story, company: Company, scratch: Path) -> str | None:
    """Publish our version; return twine's words if it was refused."""
    name, content = billing.wheel_of(OURS, "the company")
    file = scratch / name
    file.write_bytes(content)
    story.command(f"twine upload --repository-url $UPLOAD -u aws -p TOKEN {name}")
    return twine_upload(company, REPOSITORY, file)


def _state(company: Company, repository: str) -> dict[str, str]:
    """Return restrictions and status of the attacker's version, as the table shows them."""
    theirs = _versions(company, repository).get(THEIRS, "-")
    return {**_restrictions(company, repository), THEIRS: theirs}


def _restrictions(company: Company, repository: str) -> dict[str, str]:
    described = company.codeartifact.describe_package(
        domain=company.domain, repository=repository, format="pypi", package=PACKAGE
    )["package"]
    found = described["originConfiguration"]["restrictions"]
    return {"publish": found["publish"], "upstream": found["upstream"]}


def _versions(company: Company, repository: str) -> dict[str, str]:
    versions = company.codeartifact.list_package_versions(
        domain=company.domain, repository=repository, format="pypi", package=PACKAGE
    )["versions"]
    return {version["version"]: version["status"] for version in versions}


def _holds(company: Company, repository: str, version: str) -> bool:
    return company.holdings(repository, "pypi").get(PACKAGE) == version


def _lines(company: Company, *messages: str) -> list[dict[str, object]]:
    """Return what the function has logged about the package, of these kinds."""
    found = [line for message in messages for line in company.decisions(message)]
    return [line for line in found if line.get("package") == PACKAGE]


def _decided(line: Mapping[str, object]) -> str:
    """Return a decision of the log as a person reads it, without its reason."""
    if line["message"] == "drifted":
        return f"{line['before']} → {line['after']}"
    return f"{line['version']}, in through {line['external_connection']} → {line['then']}"


def _coloured(text: str) -> str:
    style = STYLES.get(text)
    return f"[{style}]{text}[/]" if style else text
