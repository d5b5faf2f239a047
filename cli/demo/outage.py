"""Fifth chapter: what builds need was fetched before, so that an outage stops nobody."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.filesize import decimal

from cli.demo import locked_packages as locked
from cli.demo.company import Company, columns
from cli.demo.inbox import Inbox, Message
from cli.demo.played_policy import CACHES
from cli.demo.python_clients import pip_install, pip_refusal
from cli.demo.python_packages import REPOSITORY
from cli.demo.steward_command import steward
from cli.demo.story import StepFailedError, Story, until
from cli.demo.world import CONNECTION
from cli.stack.services import Services

if TYPE_CHECKING:
    from emulator.external.archives import Project

INBOX = "inbox-of-the-outage"
BUCKET = "mycompany-locks"
KEY = "web/requirements.txt"
FILE = "requirements.txt"
AN_HOUR = "PT1H"  # what the template's WarmingSchedule says
SOME_MINUTES = "PT15M"  # as long as it pauses at most
OUTAGE = {"externalConnections": {CONNECTION: "down"}}
NOT_ALL_THERE = 1  # the exit status while a run that is shown lacks something
RUN_SECONDS = 60.0  # a cold start, a second for files that follow, and room for a slow machine
OUTAGE_SECONDS = 150.0  # five messages, one after the other

Run = Mapping[str, object]


def tell(story: Story, company: Company, cache: str, scratch: Path) -> None:
    """
    Warm a repository by a lock file, take the public index away, and bring it back.

    Args:
        cache: The name of the rule of `CACHES`.
    """
    story.chapter("An outage that nobody notices")
    inbox = Inbox(company.stack, INBOX)
    _name_a_lock_file(story, company, scratch)
    _let_the_schedule_fire(story, company, cache)
    _install_in_the_outage(story, company, scratch)
    _lack_what_was_not_warmed(story, company, scratch)
    _tell_a_person(story, company, cache, inbox)
    _tell_nobody_again(story, company, cache, inbox)
    _come_back(story, company, cache, inbox, scratch)


def _name_a_lock_file(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"CI keeps a lock file of the web application in S3; {REPOSITORY} is to hold it all")
    for project in locked.NEEDED_LATER:
        company.world.outside.register(project.name, *locked.file_of(project))
    _services(company).bucket(BUCKET, {"BucketName": BUCKET})
    text = _put_lock_file(company, locked.NEEDED, scratch)
    story.rules(CACHES)
    story.command(f"aws s3 cp {FILE} s3://{BUCKET}/{KEY}")
    story.output(text)
    story.note(
        "this rule is the demonstration's addition, and so are the packages, laid over "
        f"{CONNECTION} in this process"
    )
    held = company.holdings(REPOSITORY, "pypi")
    if locked.versions_of(locked.NEEDED).keys() & held.keys():
        raise StepFailedError(f"{REPOSITORY} holds {held}")
    story.confirm("nobody has installed any of it yet", lock_file=text)


def _let_the_schedule_fire(story: Story, company: Company, cache: str) -> None:
    story.step("An hour goes by, and with it the deployment's own schedule fires")
    before = _runs_over(company, cache)
    company.let_pass(AN_HOUR)
    run = _next_run(company, cache, before)
    summary = _show_run(story, company, run)
    if (summary["warm"], summary["fetched"]) != (0, len(locked.NEEDED)):
        raise StepFailedError(f"the run says {summary}")
    sizes = sum(len(locked.file_of(project)[1]) for project in locked.NEEDED)
    read = int(str(summary["bytes"]))
    if read >= sizes / 10:
        raise StepFailedError(f"the function read {read} bytes")
    story.note(
        f"what was read are project pages: {decimal(read)}. The files have {decimal(sizes)}; to be "
        "asked for one is enough for CodeArtifact, so no redirect to one was followed"
    )
    _expect_held(company, locked.NEEDED)
    story.confirm(
        f"{REPOSITORY} holds all of the lock file, and the function held no file",
        first_run=dict(summary),
        bytes_of_files=sizes,
    )


def _install_in_the_outage(story: Story, company: Company, scratch: Path) -> None:
    story.step(f"{CONNECTION} goes down; CI builds on a new machine, without a cache")
    company.set_fault(OUTAGE)
    asked = company.world.outside.questions
    installed = _install(story, company, scratch, "in-the-outage", locked.NEEDED)
    if company.world.outside.questions != asked:
        raise StepFailedError(f"{CONNECTION} was asked")
    story.confirm(
        f"installed {_named(installed)}: as if nothing had happened", in_the_outage=installed
    )


def _lack_what_was_not_warmed(story: Story, company: Company, scratch: Path) -> None:
    name = locked.CHARTS.name
    story.step(f"In contrast, what was not warmed: the application gets {name}")
    _put_lock_file(company, locked.NEEDED_LATER, scratch)
    story.command(_pip_line())
    refusal = pip_refusal(company, REPOSITORY, *_options(scratch, "lacking"))
    story.quote(refusal)
    if name not in refusal:
        raise StepFailedError("pip failed for another reason")
    story.note(
        "what package managers are answered then AWS does not document; here it is 404, as for a "
        "package that does not exist"
    )
    story.confirm(f"this build has to wait for {CONNECTION}", outage_refusal=refusal)


def _tell_a_person(story: Story, company: Company, cache: str, inbox: Inbox) -> None:
    story.step("The next run meets the outage, and tells a person")
    before = _runs_over(company, cache)
    company.let_pass(AN_HOUR)
    message = _message(inbox, "does not answer")
    story.message(message.subject, message.text)
    story.note("it asks again after 1, 5 and 15 minutes; then it is for the next run")
    run = _run_in_time(company, cache, before)
    summary = _show_run(story, company, run)
    if (summary["warm"], summary["failed"]) != (len(locked.NEEDED), 1):
        raise StepFailedError(f"the run says {summary}")
    _expect_silence(inbox)
    story.confirm(
        "told once; what nobody answers for counts as failed when the run is over",
        outage_told=[message.subject],
        outage_run=dict(summary),
    )


def _tell_nobody_again(story: Story, company: Company, cache: str, inbox: Inbox) -> None:
    story.step("The run after it meets the outage too, and tells nobody")
    before = _runs_over(company, cache)
    company.let_pass(AN_HOUR)
    run = _run_in_time(company, cache, before)
    summary = _show_run(story, company, run)
    if summary["failed"] != 1:
        raise StepFailedError(f"the run says {summary}")
    story.confirm(
        "the outage lasts, and no second message has come", told_again=_expect_silence(inbox)
    )


def _come_back(story: Story, company: Company, cache: str, inbox: Inbox, scratch: Path) -> None:
    story.step(f"{CONNECTION} comes back, and the next run with it")
    company.set_fault({})
    before = _runs_over(company, cache)
    company.let_pass(AN_HOUR)
    run = _next_run(company, cache, before)
    summary = _show_run(story, company, run)
    if (summary["warm"], summary["fetched"]) != (len(locked.NEEDED), 1):
        raise StepFailedError(f"the run says {summary}")
    message = _message(inbox, "answers again")
    story.message(message.subject, message.text)
    installed = _install(story, company, scratch, "afterwards", locked.NEEDED_LATER)
    _expect_silence(inbox)
    story.confirm(
        f"installed {_named(installed)}; that it is over was told once, too",
        recovery_told=[message.subject],
        afterwards=installed,
    )


def _services(company: Company) -> Services:
    options = company.stack.options
    return Services(company.stack.endpoint, options.account, options.region)


def _put_lock_file(company: Company, projects: "Sequence[Project]", scratch: Path) -> str:
    """Have S3 and the build hold the lock file of *projects*; return it."""
    text = locked.lock_file(projects)
    (scratch / FILE).write_text(text, encoding="utf-8")
    _services(company).client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=text.encode())
    return text


def _pip_line() -> str:
    return f"pip install --index-url $INDEX --require-hashes -r {FILE}"


def _options(scratch: Path, target: str) -> tuple[str, Path, str, str]:
    return "--require-hashes", scratch / target, "-r", str(scratch / FILE)


def _install(
    story: Story, company: Company, scratch: Path, target: str, projects: "Sequence[Project]"
) -> dict[str, str]:
    story.command(_pip_line())
    installed = pip_install(company, REPOSITORY, *_options(scratch, target))
    found = {name.replace("_", "-"): version for name, version in installed.items()}
    if found != locked.versions_of(projects):
        raise StepFailedError(f"pip installed {installed}")
    return found


def _named(installed: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(installed.items()))


def _expect_held(company: Company, projects: "Sequence[Project]") -> None:
    held = company.holdings(REPOSITORY, "pypi")
    if not locked.versions_of(projects).items() <= held.items():
        raise StepFailedError(f"{REPOSITORY} holds {held}")


def _runs_over(company: Company, cache: str) -> list[str]:
    """Return the ids of the runs that were summed up, in order."""
    return [str(one["run"]) for one in company.decisions("cache warmed") if one["rule"] == cache]


def _next_run(company: Company, cache: str, before: Sequence[str]) -> str:
    """Return the id of the run that ends after those *before*."""

    def over() -> str | None:
        return next((one for one in _runs_over(company, cache) if one not in before), None)

    return until(over, what=f"a run of {cache} that is over", timeout_seconds=RUN_SECONDS)


def _run_in_time(company: Company, cache: str, before: Sequence[str]) -> str:
    """Return the id of the run that ends after those *before*, which takes some minutes' time."""
    tries = 0

    def over() -> str | None:
        nonlocal tries
        found = next((one for one in _runs_over(company, cache) if one not in before), None)
        tried = len(company.decisions("no answer"))
        if found is None and tried > tries and _only_later(company):
            tries = tried
            company.let_pass(SOME_MINUTES)
        return found

    return until(over, what=f"a run of {cache} that is over", timeout_seconds=OUTAGE_SECONDS)


def _only_later(company: Company) -> bool:
    """Return whether nothing is being done, and there is something to do some minutes later."""
    counts = ["", "NotVisible", "Delayed"]
    names = [f"ApproximateNumberOfMessages{one}" for one in counts]
    found = (
        _services(company)
        .client("sqs")
        .get_queue_attributes(
            QueueUrl=company.stack.reference("WarmingQueue"), AttributeNames=names
        )["Attributes"]
    )
    now, in_hand, later = (int(found[name]) for name in names)
    return not now and not in_hand and later > 0


def _show_run(story: Story, company: Company, run: str) -> Run:
    """Show what the deployment remembers of a run, and return that."""
    story.command("steward warm --watch --json")
    shown = steward(company, "warm", "--watch", statuses=(0, NOT_ALL_THERE))
    found = cast("list[Run]", shown["runs"])
    (one,) = [each for each in found if each["id"] == run]
    summary = cast("Run", one["summary"])
    table = columns("started", "packages", "warm", "fetched", "failed", "requests", "read")
    table.add_row(
        f"{str(one['started'])[:16].replace('T', ' ')}Z",
        str(one["packages"]),
        str(summary["warm"]),
        str(summary["fetched"]),
        str(summary["failed"]),
        str(summary["endpointRequests"]),
        decimal(int(str(summary["bytes"]))),
    )
    story.note("of its JSON, the run that has just ended:")
    story.table(table)
    return summary


def _message(inbox: Inbox, words: str) -> Message:
    """Return the one message about the connection that has these *words* in its subject."""
    found: list[Message] = []

    def come() -> bool | None:
        found.extend(_about_the_connection(inbox))
        return True if found else None

    until(come, what="the message of the topic", timeout_seconds=RUN_SECONDS)
    if len(found) > 1 or words not in found[0].subject:
        raise StepFailedError(f"the messages are {found}")
    return found[0]


def _expect_silence(inbox: Inbox) -> list[Message]:
    """Return what came about the connection, which is nothing."""
    found = _about_the_connection(inbox)
    if found:
        raise StepFailedError(f"somebody was told again: {found}")
    return found


def _about_the_connection(inbox: Inbox) -> list[Message]:
    return [one for one in inbox.new() if CONNECTION in one.subject]
