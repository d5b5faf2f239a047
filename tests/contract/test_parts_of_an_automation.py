"""An automation is complete: code, cases, event, template block, policy section, README row."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from moto.events.models import EventPattern

from promote_versions import messages
from steward.errors import MalformedMessageError
from tests.contract.cloudformation import ACCOUNT, Document, deployed, of_type, source
from tests.contract.imports import automation_modules_behind
from tests.contract.project import FUNCTIONS, LAYER, ROOT, automations
from warm_caches import messages as warming_messages

# Which section of the policy an automation reads. A new automation adds its line.
POLICY_SECTIONS = {
    "enforce_origin_controls": "origins",
    "expire_versions": "retention",
    "promote_versions": "promotions",
    "unlist_snapshot_builds": "snapshots",
    "warm_caches": "caches",
}

SAMPLES = sorted((ROOT / "events").glob("*.json"))

# What reads the messages that are ours: on PromotionsQueue (the older automations' own among them),
# CopiesQueue, ApprovalsQueue and WarmingQueue. What a sweep hands on: test_sweep_wiring.py.
OWN_MESSAGES = (
    messages.read,
    messages.order_in,
    messages.approval_in,
    partial(warming_messages.read, account=ACCOUNT, domain="my-company"),
)

each_automation = pytest.mark.parametrize("automation", automations())


def _function_of(automation: str) -> tuple[str, Document]:
    """Return the logical id and the template block of the function that runs *automation*."""
    (found,) = (
        (name, resource)
        for name, resource in source()["Resources"].items()
        if resource["Properties"].get("Handler") == f"{automation}.app.handler"
    )
    return found


def test_there_are_automations() -> None:
    """The tests below would pass if there were none."""
    assert "unlist_snapshot_builds" in automations()


@each_automation
def test_it_has_its_three_beats(automation: str) -> None:
    """`app.py`, or what it calls, gathers and acts; the decision is left to `decision.py`."""
    folder = FUNCTIONS / automation
    assert (folder / "__init__.py").is_file()
    assert folder / "decision.py" in automation_modules_behind(folder / "app.py")


@each_automation
def test_its_handler_says_what_it_does(automation: str) -> None:
    """The module opens with trigger, decision, effect and how to undo it."""
    text = (FUNCTIONS / automation / "app.py").read_text(encoding="utf-8")
    for word in ("Trigger:", "Decision:", "Effect:", "Undo:"):
        assert word in text.split('"""')[1]


@each_automation
def test_its_decision_has_a_table_of_cases(automation: str) -> None:
    """The unit tier holds the rule, case by case, boundary included."""
    table = ROOT / "tests" / "unit" / f"test_{automation}_decision.py"
    assert table.is_file()
    assert "parametrize" in table.read_text(encoding="utf-8")


@each_automation
def test_the_template_runs_it(automation: str) -> None:
    """A function block, built by its own target of the Makefile, named in the deployment."""
    name, block = _function_of(automation)
    assert name == "".join(word.title() for word in automation.split("_")) + "Function"
    assert block["Properties"]["CodeUri"] == "functions/"
    assert block["Metadata"] == {"BuildMethod": "makefile"}
    makefile = (FUNCTIONS / "Makefile").read_text(encoding="utf-8")
    assert f"\nbuild-{name}:\n" in makefile


@each_automation
def test_a_sample_event_reaches_it(automation: str) -> None:
    """`events/` holds an event that its rule passes on, or the message of its schedule."""
    name, _ = _function_of(automation)
    resources = deployed()
    queues = {
        resource["Properties"]["EventSourceArn"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
        and resource["Properties"]["FunctionName"] == name
    }
    patterns = [
        EventPattern.load(json.dumps(resource["Properties"]["EventPattern"]))
        for resource in resources.values()
        if resource["Type"] == "AWS::Events::Rule"
        and queues & {target["Arn"] for target in resource["Properties"]["Targets"]}
    ]
    inputs = [
        json.loads(schedule["Target"]["Input"])
        for schedule in of_type(resources, "AWS::Scheduler::Schedule").values()
        if schedule["Target"]["Arn"] in queues
    ]
    samples = [json.loads(path.read_text("utf-8")) for path in SAMPLES]
    passed_on = any(pattern.matches_event(event) for pattern in patterns for event in samples)
    assert passed_on or any(event in inputs for event in samples)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_event_is_one_of_codeartifacts(path: Path) -> None:
    """Or one of our own messages; the README beside it says where it comes from."""
    assert f"`{path.name}`" in (path.parent / "README.md").read_text(encoding="utf-8")
    event = json.loads(path.read_text(encoding="utf-8"))
    if event.get("source") == "aws.codeartifact":
        assert event["detail-type"] == "CodeArtifact Package Version State Change"
        coordinates = {"domainName", "repositoryName", "packageFormat", "packageName"}
        assert coordinates <= event["detail"].keys()
    elif not path.name.startswith("sweep-"):
        assert any(_is_read_by(read, path) for read in OWN_MESSAGES)


def _is_read_by(read: Callable[[str], object], path: Path) -> bool:
    try:
        read(path.read_text(encoding="utf-8"))
    except MalformedMessageError:
        return False
    return True


@each_automation
def test_the_policy_has_a_section_for_it(automation: str) -> None:
    """What it does and where is a person's choice, documented."""
    section = POLICY_SECTIONS[automation]
    assert re.search(rf"\b{section}\b", (LAYER / "policy_model.py").read_text(encoding="utf-8"))
    documentation = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert re.search(rf"^##+ `{section}`", documentation, re.MULTILINE)


@each_automation
def test_the_readme_has_a_row_for_it(automation: str) -> None:
    """The table of automations links to its folder."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| \[`{automation}`\]\(functions/{automation}/\) \|", readme, re.MULTILINE)
