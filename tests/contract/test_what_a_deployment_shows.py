"""The dashboard shows what is counted, of everything there is; the application describes itself."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.contract.cloudformation import Document, deployed, of_type, source
from tests.contract.project import FUNCTIONS, LAYER, ROOT, SWEEPS, automations, python_files

PARAMETERS = source()["Parameters"]
# Of two parts, as "PackagesFailed" and "TasksFailed": the states of a decision, or of versions.
PUT_TOGETHER = {
    "promote_versions": {"VersionsApproved", "VersionsHeld", "VersionsRefused"},
    "expire_versions": {"VersionsUnlisted", "VersionsArchived"},
}


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


@pytest.fixture(scope="module")
def widgets(resources: Document) -> list[Document]:
    """Return what stands on the dashboard."""
    body = json.loads(resources["StewardDashboard"]["Properties"]["DashboardBody"])
    return list(body["widgets"])


def _metrics(widgets: list[Document]) -> Iterator[tuple[str, str, str]]:
    """Yield namespace, name and the value of the one dimension of each metric that is shown."""
    for widget in widgets:
        for namespace, name, _, value, *_ in widget["properties"].get("metrics", ()):
            yield namespace, name, value


def test_no_widget_lies_on_another(widgets: list[Document]) -> None:
    """The grid is 24 wide ("Dashboard body structure and syntax", CloudWatch API Reference)."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_it_shows_each_function_queue_and_automation(
    resources: Document, widgets: list[Document]
) -> None:
    """What is left out is looked for by nobody."""
    shown = {value for _, _, value in _metrics(widgets)}
    assert set(of_type(resources, "AWS::Lambda::Function")) <= shown
    assert {f"{queue}.QueueName" for queue in of_type(resources, "AWS::SQS::Queue")} <= shown
    assert {*automations(), SWEEPS} <= shown
    assert "SweepRepositoriesStateMachine" in shown


@pytest.mark.parametrize("service", [*automations(), SWEEPS])
def test_it_shows_only_what_is_counted(widgets: list[Document], service: str) -> None:
    """A metric of another name would be an empty line for ever."""
    texts = {
        node.value
        for path in python_files(FUNCTIONS / service, LAYER)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    texts |= {"PackagesFailed", "TasksFailed", *PUT_TOGETHER.get(service, ())}
    shown = {name for _, name, value in _metrics(widgets) if value == service}
    assert shown
    assert shown <= texts


def test_it_shows_what_the_alarms_watch(resources: Document, widgets: list[Document]) -> None:
    """Whoever is woken sees since when; one figure is of a mail that has all that is to be said."""
    shown = set(_metrics(widgets))
    for name, alarm in of_type(resources, "AWS::CloudWatch::Alarm").items():
        if name in {"ThrottlesAlarm", "HashMismatchAlarm"}:
            continue
        watched = (alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        assert watched in shown, name


def test_a_first_deployment_asks_for_little_more_than_the_domain() -> None:
    """
    `sam deploy --guided` asks in this order, and return is an answer to each question.

    What a company chooses comes first; a person who knows the domain is done.
    """
    assert [*PARAMETERS][:3] == ["DomainName", "Mode", "NotificationEmail"]
    for name, parameter in PARAMETERS.items():
        assert "Default" in parameter, name
        assert parameter["Type"] == "String"
        assert "Description" in parameter, name
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], parameter["Default"]), name
        if "AllowedValues" in parameter:
            assert parameter["Default"] in parameter["AllowedValues"]


def test_the_console_asks_for_the_same_in_groups() -> None:
    """Each parameter is in one of them."""
    groups = source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == [*PARAMETERS]


def test_the_application_describes_itself_as_the_project_does() -> None:
    """What the AWS Serverless Application Repository shows is of this version, and is there."""
    described = source()["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert described["Name"] == project["name"]
    assert described["SemanticVersion"] == project["version"]
    assert described["SpdxLicenseId"] == "Apache-2.0"
    assert "Apache License" in (ROOT / described["LicenseUrl"]).read_text(encoding="utf-8")
    assert (ROOT / described["ReadmeUrl"]).is_file()
    # "AWS SAM template Metadata section properties", AWS SAM Developer Guide
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,140}", described["Name"])
    assert len(described["Description"]) <= 256
    assert len(described["Author"]) <= 127
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", described["Author"])
    assert len(described["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:\\/@]{1,127}", label) for label in described["Labels"])
