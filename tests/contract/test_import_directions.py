"""Imports point one way: functions to the layer, and the emulator to nothing of ours."""

import sys
from pathlib import Path

import pytest

from tests.contract.imports import (
    automation_modules_behind,
    calls,
    imported_modules,
    packages,
    packages_at_the_top,
    steward_modules_behind,
)
from tests.contract.project import FUNCTIONS, LAYER, ROOT, SWEEPS, automations, python_files

OURS = {"steward", "cli", "emulator", "tests", "benchmarks", *automations(), SWEEPS}


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", python_files(FUNCTIONS), ids=_named)
def test_a_function_imports_itself_and_the_layer(path: Path) -> None:
    """
    One automation knows nothing of another, nor of the tools around it.

    Sweeps ask the automations what they would do on an event; none of these knows of sweeps. Who
    lets versions expire asks for those that are approved, and so on their way to another place.
    """
    automation = path.relative_to(FUNCTIONS).parts[0]
    known = {SWEEPS: {*automations()}, "expire_versions": {"promote_versions"}}
    assert packages(path) & OURS <= {automation, "steward", *known.get(automation, ())}


@pytest.mark.parametrize("path", python_files(LAYER), ids=_named)
def test_the_layer_imports_itself(path: Path) -> None:
    """What all functions share depends on none of them."""
    assert packages(path) & OURS <= {"steward"}


@pytest.mark.parametrize("path", python_files(ROOT / "emulator"), ids=_named)
def test_the_emulator_imports_nothing_of_what_it_tests(path: Path) -> None:
    """A fake that shares code with what it tests proves nothing."""
    assert packages(path) & OURS <= {"emulator"}


@pytest.mark.parametrize("path", python_files(ROOT / "emulator" / "core"), ids=_named)
def test_the_core_of_the_emulator_knows_no_http(path: Path) -> None:
    """What CodeArtifact is stands apart from how it is spoken to."""
    assert not packages(path) & {"starlette", "uvicorn", "http", "httpx", "httptools"}
    assert not imported_modules(path) & {"emulator.wire", "emulator.formats", "emulator.app"}


# What of an automation decides besides its decision.py.
ALSO_DECIDE = ["warm_caches/newest.py", "warm_caches/verifying.py", "warm_caches/wanting.py"]


def _decisions() -> list[Path]:
    """Return what decides: of each automation its decision, and the gates that one has."""
    gates = (FUNCTIONS / automation / "gates" for automation in automations())
    return [
        *(FUNCTIONS / automation / "decision.py" for automation in automations()),
        *(path for folder in gates if folder.is_dir() for path in python_files(folder)),
        *(FUNCTIONS / name for name in ALSO_DECIDE),
    ]


@pytest.mark.parametrize("path", _decisions(), ids=_named)
def test_a_decision_is_pure(path: Path) -> None:
    """It gets state, rule and now; it reads no clock, no environment and no service."""
    automation = path.relative_to(FUNCTIONS).parts[0]
    third_party = packages(path) - sys.stdlib_module_names - {"steward", automation}
    assert not third_party
    assert not packages(path) & {"os", "time", "random", "socket", "subprocess", "urllib", "http"}
    clocks = {"now", "utcnow", "today", "time"}
    assert not {call for call in calls(path) if call.split(".")[-1] in clocks}
    for module in automation_modules_behind(path) | steward_modules_behind(path):
        assert not packages(module) & {"boto3", "botocore", "os", "time"}, module.name


def test_the_gates_are_among_the_decisions() -> None:
    """A gate in another folder would be looked at by nobody."""
    assert "vulnerabilities.py" in {path.name for path in _decisions()}


# The gateway; what lists a whole domain, for sweeps only; and what holds both to a budget of calls.
GATEWAY = {"codeartifact.py", "domain_lists.py", "call_budget.py"}


def test_only_the_gateway_speaks_to_codeartifact() -> None:
    """A few modules know CodeArtifact's sharp edges; every other goes through them."""
    for path in python_files(FUNCTIONS, LAYER):
        if path.name not in GATEWAY:
            assert "clients.codeartifact" not in calls(path), path
        if path.name != "clients.py":
            assert "botocore.session" not in imported_modules(path), path
        assert "boto3" not in packages(path), path


@pytest.mark.parametrize("automation", [*automations(), SWEEPS])
def test_a_function_starts_without_what_only_the_build_needs(automation: str) -> None:
    """
    Pydantic and YAML cost a cold start more than our own code does; they compile policies.

    A lock file of pnpm is YAML, and is read on S3, too: its reader may import it when it reads one.
    """
    app = FUNCTIONS / automation / "app.py"
    for path in {app, *python_files(FUNCTIONS / automation), *steward_modules_behind(app)}:
        assert not packages(path) & {"pydantic", "boto3"}, path
        assert "yaml" not in packages(path) or path.parent.name == "lockfiles", path
        assert not packages_at_the_top(path) & {"yaml", "defusedxml"}, path


# What a package of the layer is called when it is imported, where that is not its own name.
MODULES = {"node-semver": "nodesemver", "pyyaml": "yaml"}


def test_third_party_packages_of_functions_are_in_the_layer() -> None:
    """What the layer does not bring, or the runtime, is missing in Lambda."""
    pinned = (ROOT / "layers/steward/requirements.txt").read_text(encoding="utf-8")
    names = [line.split("==")[0].lower() for line in pinned.splitlines() if "==" in line]
    brought = {MODULES.get(name, name.replace("-", "_")) for name in names}
    brought |= {"botocore"}  # Lambda's Python runtimes come with it (Lambda Developer Guide)
    brought |= {"urllib3"}  # what botocore sends its own requests with
    lockfiles = LAYER / "lockfiles"  # read when a policy is compiled, and from S3 by a function
    compilers = {"policy_file.py"} | {
        path.name
        for path in python_files(LAYER)
        if packages(path) & {"pydantic", "yaml"} and path.parent != lockfiles
    }
    for path in python_files(FUNCTIONS, LAYER):
        if path.parent == lockfiles or path.name not in compilers:
            foreign = packages(path) - sys.stdlib_module_names - OURS
            assert foreign <= brought, path
