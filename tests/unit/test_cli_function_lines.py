"""Log lines of functions: what people read of them, and what is kept."""

import io
import json

import pytest
from rich.console import Console

from cli.function_lines import ReadableLines, readable
from cli.stack.function_logs import FunctionLogs, LogLine

PACKAGE = {
    "domain": "my-company",
    "repository": "my-maven-repo",
    "format": "maven",
    "namespace": "com.mycompany.app",
    "package": "pkg-1",
}
SCOPED = {**PACKAGE, "format": "npm", "namespace": "mycompany", "package": "ui"}
RULE = {"rule": "snapshots[0]", "mode": "enforce", "function_request_id": "1"}


def line(text: str) -> LogLine:
    """Return a line as a function writes it."""
    return LogLine("function", "/aws/lambda/function", "stream", 0.0, text)


def logged(message: str, level: str = "INFO", **keys: object) -> LogLine:
    """Return a line as Powertools' logger writes it."""
    service = "unlist_snapshot_builds"
    return line(json.dumps({"level": level, "message": message, "service": service, **keys}))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(
            logged("stale", **PACKAGE, **RULE, version="1.0-20260301.101500-7", reason="why"),
            "stale pkg:maven/com.mycompany.app/pkg-1@1.0-20260301.101500-7 in my-maven-repo: why",
            id="a decision",
        ),
        pytest.param(
            logged("unlisted", **SCOPED, versions=["1.0.0-dev.1"]),
            "unlisted pkg:npm/%40mycompany/ui@1.0.0-dev.1 in my-maven-repo",
            id="one version",
        ),
        pytest.param(
            logged("unlisted", **SCOPED, versions=["1", "2", "3"]),
            "unlisted pkg:npm/%40mycompany/ui 1, 2, 3 in my-maven-repo",
            id="three versions",
        ),
        pytest.param(
            logged("unlisted", **SCOPED, versions=["1", "2", "3", "4", "5"]),
            "unlisted pkg:npm/%40mycompany/ui 1, 2, 3 and 2 more in my-maven-repo",
            id="more versions than fit",
        ),
        pytest.param(
            logged("waiting until", **SCOPED, until="2026-03-01T11:15:00+00:00", version="1"),
            "waiting until 2026-03-01T11:15:00+00:00 pkg:npm/%40mycompany/ui@1 in my-maven-repo",
            id="a wait",
        ),
        pytest.param(
            logged("look again", **SCOPED, at="2026-03-01T11:15:00+00:00", by="a delayed message"),
            "look again at 2026-03-01T11:15:00+00:00 pkg:npm/%40mycompany/ui in my-maven-repo",
            id="a second look",
        ),
        pytest.param(
            logged("refused", "WARNING", **SCOPED, version="1", code="NOT_FOUND", reason="gone"),
            "refused pkg:npm/%40mycompany/ui@1 in my-maven-repo: NOT_FOUND: gone",
            id="a refusal",
        ),
        pytest.param(
            logged("drifted", **SCOPED, before="one", after="another", reason="why"),
            "drifted pkg:npm/%40mycompany/ui in my-maven-repo: one -> another: why",
            id="a change of restrictions",
        ),
        pytest.param(
            logged("kept", **SCOPED, version="1", until="2026-03-01T11:15:00+00:00", why="ours"),
            "kept until 2026-03-01T11:15:00+00:00 pkg:npm/%40mycompany/ui@1 in my-maven-repo: ours",
            id="an exemption",
        ),
        pytest.param(
            logged("external version", **SCOPED, version="1", external_connection="public:npmjs"),
            "external version pkg:npm/%40mycompany/ui@1 in my-maven-repo, through public:npmjs",
            id="a version from outside",
        ),
        pytest.param(
            logged("external version", **SCOPED, version="1", external_connection=None),
            "external version pkg:npm/%40mycompany/ui@1 in my-maven-repo",
            id="a version from outside, nobody knows how",
        ),
        pytest.param(
            logged("told", **SCOPED, subject="Versions from outside"),
            "told pkg:npm/%40mycompany/ui in my-maven-repo: Versions from outside",
            id="a message to people",
        ),
        pytest.param(
            logged("fetched", **SCOPED, version="1", note="withdrawn: broken"),
            "fetched pkg:npm/%40mycompany/ui@1 in my-maven-repo: withdrawn: broken",
            id="a version that was fetched",
        ),
        pytest.param(
            logged(
                "cache warmed",
                run="1",
                repository="DemoRepository",
                versions={"warm": 12, "fetched": 3, "notFound": 1, "wouldFetch": 0},
            ),
            "cache warmed DemoRepository: 12 warm, 3 fetched, 1 not found",
            id="a run that is over",
        ),
        pytest.param(
            logged("cache warmed", repository="DemoRepository", versions={"warm": 0}),
            "cache warmed DemoRepository: nothing to look at",
            id="a run over nothing",
        ),
        pytest.param(
            logged("malformed message", "ERROR", message_id="1", reason="no [JSON]"),
            "malformed message: no [JSON]",
            id="no package",
        ),
        pytest.param(
            logged("kept", **{**SCOPED, "format": "conda"}, version="1", reason="why"),
            "kept: why",
            id="a format that nobody knows",
        ),
    ],
)
def test_people_read_what_was_decided_and_why(shown: LogLine, expected: str) -> None:
    """The automation, the message, the package with its versions, the reason: one line."""
    text = readable(shown)
    assert text is not None
    assert text.plain == f"unlist_snapshot_builds {expected}"


@pytest.mark.parametrize("message", ["nobody listens", "message lost"])
def test_a_message_that_reached_nobody_is_shown_whole(message: str) -> None:
    """Below its subject, indented: the terminal is the only place where it can be read."""
    mail = "Two versions wait.\n\nsteward approve pkg:pypi/requests@2.32.4\n"
    shown = readable(logged(message, "WARNING", subject="Approve, please", text=mail))
    assert shown is not None
    assert shown.plain.splitlines() == [
        f"unlist_snapshot_builds {message}: Approve, please",
        "    Two versions wait.",
        "",
        "    steward approve pkg:pypi/requests@2.32.4",
    ]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(logged("nothing to do", **PACKAGE, reason="no rule"), id="nothing to do"),
        pytest.param(logged("warm", **PACKAGE, version="1"), id="what was warm already"),
        pytest.param(line('{"_aws": {"Timestamp": 1}, "BuildsStale": [1.0]}'), id="metrics"),
    ],
)
def test_people_do_not_read(shown: LogLine) -> None:
    """What comes with every event and says nothing about a version."""
    assert readable(shown) is None


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last):",
        "{}",
        "[1]",
        "7",
        '{"message": "of somebody else"}',
        '{"message": 1, "service": "x"}',
        pytest.param("{" * 5, id="half a document"),
        pytest.param("[" * 100_000, id="brackets without end"),
    ],
)
def test_other_lines_stay_as_they_are(text: str) -> None:
    """Whatever a library or the runtime writes is shown whole."""
    shown = readable(line(text))
    assert shown is not None
    assert shown.plain == f"[function] {text}"


def test_lines_are_kept_whole_however_they_are_shown() -> None:
    """What is left out on the terminal is still there for tests and for CloudWatch Logs."""
    seen: list[LogLine] = []
    output = io.StringIO()
    logs = FunctionLogs(show=ReadableLines(Console(file=output, width=200)))
    logs.subscribe(seen.append)
    written = [logged("nothing to do"), logged("stale", **PACKAGE, version="1", reason="why")]
    for one in written:
        logs.add(one)
    assert logs.lines() == seen == written
    assert output.getvalue() == (
        "unlist_snapshot_builds stale pkg:maven/com.mycompany.app/pkg-1@1 in my-maven-repo: why\n"
    )


def test_lines_are_shown_whole_unless_told_otherwise() -> None:
    """With the function they come from."""
    output = io.StringIO()
    FunctionLogs(echo=output).add(line('{"a": 1}'))
    assert output.getvalue() == '[function] {"a": 1}\n'
