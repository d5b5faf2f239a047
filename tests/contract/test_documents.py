"""The documents leave nothing out that the code has: benchmarks, log messages, metrics."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import cast, get_args

import click
import pytest
from pydantic import BaseModel

from cli.main import COMMANDS, steward
from emulator.core.switches import SWITCHES
from emulator.external.discovery import VARIABLES
from enforce_origin_controls.outcome import Found
from enforce_origin_controls.telling import external_text
from steward.coordinates import Origin, Package, PackageVersion, Repository
from steward.lockfiles import known_file
from steward.policy import Limits, OriginRule, load
from steward.policy_caches import CachedPackageKeys
from steward.policy_file import compile_policy
from steward.policy_model import SECTIONS, keys_of
from steward.policy_promotions import (
    LicencesKeys,
    MinimumAgeKeys,
    RequireKeys,
    VersionsKeys,
    VulnerabilitiesKeys,
    WaiverKeys,
)
from tests.contract.cloudformation import of_type, source
from tests.contract.project import FUNCTIONS, LAYER, ROOT, SWEEPS, automations, python_files
from warm_caches.values import State

# What the benchmarks share has no command of its own.
BENCHMARKS = sorted(
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)
DEPLOYED = python_files(FUNCTIONS, LAYER)
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
RESOURCES = source()["Resources"]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# What stands in the names of metrics that are put together from two parts.
PARTS = {
    "of": ("Packages", "Tasks"),  # what `batches.carry_out` is told that it carries out
    "target": ("Unlisted", "Archived"),  # what expire_versions sets on events
    "record.state.capitalize()": ("Approved", "Held", "Refused"),  # states of a new decision
}


def _texts(argument: ast.expr, named: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts that *argument* may be: of a condition both, of a template all."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.Name | ast.Attribute):
        name = ast.unparse(argument)
        if name in named:
            yield named[name]
    elif isinstance(argument, ast.IfExp):
        yield from _texts(argument.body, named)
        yield from _texts(argument.orelse, named)
    elif isinstance(argument, ast.JoinedStr):
        pieces = [
            (str(piece.value),)
            if isinstance(piece, ast.Constant)
            else PARTS[ast.unparse(cast("ast.FormattedValue", piece).value)]
            for piece in argument.values
        ]
        yield from ("".join(chosen) for chosen in product(*pieces))


@cache
def _constants_of(path: Path) -> Mapping[str, str]:
    """Return the texts that have names in the module *path*."""
    return {
        one.target.id: one.value.value
        for one in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(one, ast.AnnAssign)
        and isinstance(one.target, ast.Name)
        and isinstance(one.value, ast.Constant)
        and isinstance(one.value.value, str)
    }


def _first_arguments(path: Path, names: set[str]) -> Iterator[str]:
    """Yield the texts that *path* calls functions or methods of these *names* with."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    named = dict(_constants_of(path))
    for beside in path.parent.glob("*.py"):
        named |= {f"{beside.stem}.{name}": text for name, text in _constants_of(beside).items()}
    for one in module.body:
        if isinstance(one, ast.ImportFrom):
            stem = str(one.module).rpartition(".")[2]
            brought = [(each.asname or each.name, f"{stem}.{each.name}") for each in one.names]
            named |= {name: named[there] for name, there in brought if there in named}
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        if name in names:
            yield from _texts(node.args[0], named)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_each_benchmark_has_its_figures_and_its_command(benchmark: str) -> None:
    """Who doubts a figure finds how to measure it again."""
    performance = _document("docs/performance.md")
    assert f"`benchmarks/{benchmark}.py`" in performance
    assert f"python -m benchmarks.{benchmark}" in performance


def test_each_benchmark_of_the_page_exists() -> None:
    """A figure whose benchmark is gone cannot be measured again."""
    named = re.findall(r"benchmarks[./]([a-z_]+)", _document("docs/performance.md"))
    assert set(named) == set(BENCHMARKS)


# Where the runbook explains what: the layer's messages and metrics are those of every automation.
EXPLAINED = {
    "### Of all": LAYER,
    **{f"### Of `{name}`": FUNCTIONS / name for name in (*automations(), SWEEPS)},
}


def _section(document: str, heading: str) -> str:
    """Return the text below *heading*, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    section = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)",
        _document(document),
        re.MULTILINE | re.DOTALL,
    )
    assert section is not None, f"{document} has no section {heading!r}"
    return section[1]


def _first_column(section: str, header: str) -> set[str]:
    """Return the words in backticks that the rows of a table begin with; its header does too."""
    table = re.search(rf"^\| {header} \|.*?(?=^$)", f"{section}\n", re.MULTILINE | re.DOTALL)
    assert table is not None, f"no table of each {header}"
    rows = re.findall(r"^\| (`[^|]+) \|", table[0], re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("heading", [*EXPLAINED])
def test_the_runbook_explains_each_log_message(heading: str) -> None:
    """Its tables of messages have what the code logs, no more and no less."""
    files = python_files(EXPLAINED[heading])
    logged = {text for path in files for text in _first_arguments(path, LEVELS)}
    assert _first_column(_section("docs/operations.md", heading), "message") == logged


@pytest.mark.parametrize("heading", [*EXPLAINED])
def test_the_runbook_explains_each_metric(heading: str) -> None:
    """Its tables of metrics have what the code counts, no more and no less."""
    files = python_files(EXPLAINED[heading])
    counted = {text for path in files for text in _first_arguments(path, {"count"})}
    counted = {text for text in counted if text.isidentifier()}  # texts count characters, too
    assert _first_column(_section("docs/operations.md", heading), "metric") == counted


def test_the_runbook_says_what_to_do_about_each_version_that_is_not_warm() -> None:
    """What a version can have become stands there, with a reason, or is well."""
    well = {"warm", "fetched"}
    on_its_way = {"waiting"}  # and then one of the others
    told = _first_column(_section("docs/operations.md", "## What is not warm"), "message")
    assert told == {*get_args(State)} - well - on_its_way


def test_metrics_put_together_are_those_that_are_counted() -> None:
    """What `carry_out` is asked for is what the table of parts above has."""
    asked = {
        keyword.value.value
        for path in python_files(FUNCTIONS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "of" and isinstance(keyword.value, ast.Constant)
    }
    assert asked == set(PARTS["of"])


@pytest.mark.parametrize("alarm", sorted(of_type(RESOURCES, "AWS::CloudWatch::Alarm")))
def test_the_runbook_says_what_to_do_about_each_alarm(alarm: str) -> None:
    """The section that the alarm's own text names exists, and says that it is about this alarm."""
    text = str(RESOURCES[alarm]["Properties"]["AlarmDescription"])
    named = re.search(r'docs/operations\.md, "([^"]+)"', text)
    assert named is not None, text
    assert f"`{alarm}`" in _section("docs/operations.md", f"## {named[1]}")


def test_the_runbook_names_only_resources_that_exist() -> None:
    """What a person looks up in the account under its logical id is in the template."""
    kinds = "Rule|Queue|Function|LogGroup|Alarm|Table|Topic"
    named = re.findall(rf"`((?:[A-Z][a-z]+)+(?:{kinds}))`", _document("docs/operations.md"))
    assert named
    assert set(named) <= set(RESOURCES)


def test_the_runbook_shows_the_message_that_people_get() -> None:
    """Word for word, so that whoever searches for a line of it finds what to do."""
    shown = re.search(
        r"^```text\n(.*?)^```$", _document("docs/operations.md"), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    repository = Repository("my-company", "111122223333", "npm-internal")
    found = Found(
        PackageVersion("99.0.0", "Published", Origin("EXTERNAL", None, "public:npmjs")),
        "archived",
        "the policy calls the package internal",
    )
    text = external_text(
        Package(repository, "npm", "mycompany", "ui"),
        [found],
        OriginRule("origins[0]", (), (), "internal", "ALLOW", "BLOCK", "archive"),
        datetime(2026, 3, 1, 10, 15, tzinfo=UTC),
    )
    assert shown[1] == f"{text}\n"


def test_the_readme_names_each_command() -> None:
    """A newcomer finds what there is without asking for help."""
    commands = _section("README.md", "## Commands")
    assert {name for name in COMMANDS if f"`steward {name}" not in commands} == set()


@pytest.mark.parametrize("document", PAGES)
def test_links_lead_somewhere(document: str) -> None:
    """To a file of the project and, if they name a heading, to a heading of it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _document(document)):
        _check_link(ROOT / document, target)


def _commands(document: str) -> Iterator[list[str]]:
    """Yield the words of each `steward` command in the shell blocks of a document."""
    text = _document(document)
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.match(r" *(?:\.venv/bin/)?steward .*", line)
            if command is not None:
                yield shlex.split(command[0], comments=True)


@pytest.mark.parametrize("document", [page for page in PAGES if [*_commands(page)]])
def test_commands_of_the_documents_have_the_options_that_they_are_given(document: str) -> None:
    """Whoever pastes one is not told that there is no such option, or that another is missing."""
    for words in _commands(document):
        command: click.Command = steward
        given = words[1:]
        while isinstance(command, click.Group):
            while given[0].startswith("-"):
                given = given[1:]
            found = command.get_command(click.Context(command), given[0])
            assert found is not None, words
            command, given = found, given[1:]
        options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        named = {word.partition("=")[0] for word in given if re.match(r"--?[a-z]", word)}
        assert named <= {*options, "--help"}, words
        required = [one for one in command.params if isinstance(one, click.Option) and one.required]
        assert all(named & set(one.opts) for one in required), words


def _check_link(page: Path, target: str) -> None:
    if "://" in target:
        return
    file, _, anchor = target.partition("#")
    path = (page.parent / file) if file else page
    assert path.exists(), f"{page.name} links to {target}"
    if anchor and path.suffix == ".md":
        headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
        assert anchor in anchors, f"{page.name} links to {target}"


def test_queries_of_the_runbook_ask_for_messages_that_are_logged() -> None:
    """A CloudWatch Logs Insights query with another word than the code's finds nothing."""
    logged = {text for path in DEPLOYED for text in _first_arguments(path, LEVELS)}
    logged |= {*get_args(State)}  # what has become of a version is a message as it is
    filters = re.findall(r"^\| filter message .*$", _document("docs/operations.md"), re.MULTILINE)
    assert filters
    for line in filters:
        assert set(re.findall(r'"([^"]+)"', line)) <= logged, line


def test_the_local_guide_names_each_variable_of_an_external_connection() -> None:
    """Where a connection leads can be said without reading the code."""
    local = _document("docs/local.md")
    for connection, variable in VARIABLES.items():
        assert f"| `{connection}` | `{variable}` |" in local


POLICIES = re.findall(
    r"^```yaml\n(.*?)^```$", _document("docs/policy.md"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("example", POLICIES, ids=range(len(POLICIES)))
def test_each_example_of_a_policy_is_one(example: str, tmp_path: Path) -> None:
    """It compiles, alone and with a domain, and is loaded as a function loads it."""
    text = example if example.startswith("domain:") else f"domain: my-company\n{example}"
    path = tmp_path / "policy.json"
    lock = f"urllib3==2.7.1 --hash=sha256:{'0' * 64}"
    (tmp_path / "requirements.txt").write_text(lock, encoding="utf-8")
    path.write_text(compile_policy(text, str(tmp_path / "policy.yaml")), encoding="utf-8")
    policy = load(path)
    rules = (policy.snapshots, policy.origins, policy.groups, policy.promotions, policy.caches)
    assert any(rules) or policy.retention or policy.limits != Limits()


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("### What a version has to pass: `require`", RequireKeys),
        ("#### `minimum_age`", MinimumAgeKeys),
        ("#### `vulnerabilities`", VulnerabilitiesKeys),
        ("#### `vulnerabilities`", WaiverKeys),
        ("#### `licences`", LicencesKeys),
        ("#### `versions`", VersionsKeys),
    ],
)
def test_each_key_of_a_gate_is_described(heading: str, model: type[BaseModel]) -> None:
    """In the table of its gate; and one example has them all."""
    rows = re.findall(r"^\| `(\w+)` \|", _section("docs/policy.md", heading), re.MULTILINE)
    assert set(keys_of(model)) <= set(rows)
    whole = max(POLICIES, key=len)
    assert [key for key in keys_of(model) if f"{key}:" not in whole] == []


def test_each_key_of_a_package_to_be_fetched_is_described() -> None:
    """In a table of its own, and in an example."""
    section = _section("docs/policy.md", "## `caches`")
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert set(keys_of(CachedPackageKeys)) <= set(rows)
    assert [key for key in keys_of(CachedPackageKeys) if f"{key}: " not in section] == []


@pytest.mark.parametrize("section", ["retention", "limits"])
def test_each_key_about_old_versions_stands_in_an_example(section: str) -> None:
    """Of its own section, so that nobody has to guess how it is written."""
    examples = [example for example in POLICIES if f"{section}:" in example]
    model = SECTIONS[section]
    assert [key for key in keys_of(model) if not any(f"{key}:" in one for one in examples)] == []


@pytest.mark.parametrize("section", [*SECTIONS])
def test_each_section_of_the_policy_is_described_with_an_example(section: str) -> None:
    """And each of its keys stands in the table of the section."""
    described = re.search(
        rf"^## `{section}`$(.*?)(?=^## |\Z)", _document("docs/policy.md"), re.MULTILINE | re.DOTALL
    )
    assert described is not None
    rows = re.findall(r"^\| (`[^|]+) \|", described[1], re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert set(keys_of(SECTIONS[section])) <= keys
    assert any(f"{section}:" in example for example in POLICIES)


def test_the_policy_page_lists_only_lock_files_that_are_read() -> None:
    """Of each tool that writes one."""
    section = _section("docs/policy.md", "### Lock files")
    files = [*_first_column(section, "file")]
    assert files
    assert [name for name in files if not known_file(name)] == []


def test_documents_name_only_switches_that_exist() -> None:
    """A switch that a document sets or explains is one that the emulator takes."""
    named = re.findall(
        r'"switches": \{"(\w+)"|\| `switches` .*?"(\w+)": ', _document("docs/local.md")
    )
    named += re.findall(
        r"switch `(\w+)`()", _document("docs/decisions/0007-where-aws-documents-nothing.md")
    )
    names = {name for pair in named for name in pair if name}
    assert names
    assert names <= set(SWITCHES)
