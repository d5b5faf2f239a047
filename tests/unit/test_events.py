"""What a queued message says: the package that is worth a look, or why it says nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.errors import MalformedMessageError
from steward.events import DETAIL_TYPE, LOOK_AGAIN, hint_in, look_again
from tests.unit.fake_codeartifact import package

EVENTS = Path(__file__).parents[2] / "events"


# The other samples are messages of one automation: tests/unit/test_promote_versions_messages.py.
HINTS = [
    path
    for path in sorted(EVENTS.glob("*.json"))
    if json.loads(path.read_text()).get("detail-type") in (DETAIL_TYPE, LOOK_AGAIN)
]


def changed(detail: dict[str, object], /, **envelope: object) -> str:
    """Return the sample event with other members, as a message body."""
    event = json.loads((EVENTS / "maven-snapshot-build-created.json").read_text())
    event["detail"] |= detail
    return json.dumps(event | envelope)


def test_the_package_is_read_from_an_event_of_codeartifact() -> None:
    """Everything else in the event is a hint that nobody relies on."""
    assert hint_in(changed({})).package == package()


@pytest.mark.parametrize("namespace", [None, ""], ids=["null", "empty"])
def test_a_package_without_a_namespace_has_none(namespace: str | None) -> None:
    """CodeArtifact sends null; an empty namespace exists nowhere."""
    body = changed({"packageFormat": "npm", "packageNamespace": namespace})
    assert hint_in(body).package.namespace is None


@pytest.mark.parametrize(
    ("package_format", "namespace", "name", "path"),
    [
        ("pypi", None, "My_Company.ui", "/pypi//my-company-ui"),
        ("npm", "@mycompany", "ui", "/npm/mycompany/ui"),
        ("npm", "mycompany", "UI_kit", "/npm/mycompany/UI_kit"),
        ("npm", "@", "ui", "/npm//ui"),
        ("nuget", None, "My.Company", "/nuget//my.company"),
        ("swift", "MyCompany", "UI", "/swift/mycompany/ui"),
        ("maven", "com.MyCompany", "UI", "/maven/com.MyCompany/UI"),
    ],
)
def test_a_package_is_called_what_it_is_stored_as_whatever_the_event_calls_it(
    package_format: str, namespace: str | None, name: str, path: str
) -> None:
    """Rules, exemptions and what people were told of know the stored name alone."""
    named: dict[str, object] = {"packageFormat": package_format, "packageName": name}
    named["packageNamespace"] = namespace
    assert hint_in(changed(named)).package.path == path


@pytest.mark.parametrize("sample", HINTS, ids=lambda path: path.stem)
def test_every_sample_event_names_a_package(sample: Path) -> None:
    """The samples are what the automations are tried with."""
    assert hint_in(sample.read_text()).package.repository.domain == "my-company"


def test_a_message_to_ourselves_comes_back_as_the_same_package() -> None:
    """The message that asks for another look names the package as CodeArtifact does."""
    scoped = package("ui", package_format="npm", namespace=None)
    assert hint_in(look_again(scoped)).package == scoped


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="an empty body"),
        pytest.param("hello", id="no JSON"),
        pytest.param('{"source": "aws.codeartifact"', id="half a JSON document"),
        pytest.param("[" * 100_000, id="a hundred thousand brackets"),
        pytest.param("1" * 5_000, id="a number that Python refuses to read"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("{}", id="an empty object"),
        pytest.param('{"source": [], "detail-type": {}}', id="a source that is a list"),
        pytest.param(changed({}, source="aws.ec2"), id="an event of another service"),
        pytest.param(changed({}, **{"detail-type": "Other"}), id="another detail type"),
        pytest.param(changed({}, source="codeartifact.steward"), id="our source, their type"),
        pytest.param(changed({}, detail=None), id="no detail"),
        pytest.param(changed({}, detail=["x"]), id="a detail that is a list"),
        pytest.param(changed({"packageFormat": "conda"}), id="an unknown format"),
        pytest.param(changed({"packageFormat": None}), id="no format"),
        pytest.param(changed({"domainName": "My_Company"}), id="an impossible domain"),
        pytest.param(changed({"domainOwner": "1"}), id="an impossible account"),
        pytest.param(changed({"domainOwner": "٠١٢٣٤٥٦٧٨٩٠١"}), id="an account in Arabic digits"),
        pytest.param(changed({"repositoryName": "../x"}), id="a path for a repository"),
        pytest.param(changed({"packageName": ""}), id="an empty name"),
        pytest.param(changed({"packageName": "a/b"}), id="a slash in a name"),
        pytest.param(changed({"packageName": "x" * 256}), id="a name that is too long"),
        pytest.param(changed({"packageName": "\ud800"}), id="half a surrogate pair"),
        pytest.param(changed({"packageNamespace": 7}), id="a namespace that is a number"),
    ],
)
def test_a_malformed_message_is_refused(body: str) -> None:
    """One kind of exception for all of them, so that a batch can set the message aside."""
    with pytest.raises(MalformedMessageError):
        hint_in(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    member=st.sampled_from(
        ["domainName", "domainOwner", "repositoryName", "packageFormat", "packageName"]
    ),
    value=JSON,
)
def test_no_member_of_an_event_breaks_the_reader(member: str, value: object) -> None:
    """Whatever stands there, the message names a package or is malformed."""
    try:
        named = hint_in(changed({member: value})).package
    except MalformedMessageError:
        return
    assert named.path.startswith("/maven/com.mycompany.app/")
