"""The documents leave nothing out that the code has: benchmarks, log messages, metrics."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.core.switches import SWITCHES
from emulator.external.discovery import VARIABLES
from steward.policy import load
from steward.policy_file import compile_policy
from steward.policy_model import SECTIONS, keys_of
from tests.contract.project import FUNCTIONS, LAYER, ROOT, python_files

# What the benchmarks share has no command of its own.
BENCHMARKS = sorted(
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)
DEPLOYED = python_files(FUNCTIONS, LAYER)
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _first_arguments(path: Path, names: set[str]) -> Iterator[str]:
    """Yield the texts that *path* calls functions or methods of these *names* with."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        argument = node.args[0]
        if name in names and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


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


def test_the_runbook_explains_each_log_message() -> None:
    """Its table of messages has what the functions log, no more and no less."""
    logged = {text for path in DEPLOYED for text in _first_arguments(path, LEVELS)}
    explained = re.search(
        r"^\| message \|.*?(?=^$)", _document("docs/operations.md"), re.MULTILINE | re.DOTALL
    )
    assert explained is not None
    assert set(re.findall(r"^\| `([^`]+)` \|", explained[0], re.MULTILINE)) == logged


def test_the_runbook_explains_each_metric() -> None:
    """Its table of metrics has what the functions count, no more and no less."""
    counted = {text for path in DEPLOYED for text in _first_arguments(path, {"count"})}
    explained = re.search(
        r"^\| metric \|.*?(?=^$)", _document("docs/operations.md"), re.MULTILINE | re.DOTALL
    )
    assert explained is not None
    names = {
        name
        for row in re.findall(r"^\| (`[^|]+) \|", explained[0], re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert names == counted


def test_queries_of_the_runbook_ask_for_messages_that_are_logged() -> None:
    """A CloudWatch Logs Insights query with another word than the code's finds nothing."""
    logged = {text for path in DEPLOYED for text in _first_arguments(path, LEVELS)}
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
    path.write_text(compile_policy(text, "docs/policy.md"), encoding="utf-8")
    policy = load(path)
    assert policy.snapshots or policy.origins or policy.groups


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
