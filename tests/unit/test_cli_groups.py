"""What `steward groups` prints."""

import io
import json
from collections.abc import Callable

from rich.console import Console

from cli.group_tables import outcomes_document, plan_document, show_outcomes, show_plan
from enforce_origin_controls.groups_apply import apply, planned
from tests.unit.fake_package_groups import LISTED, FakeDomain, declaration

OURS = "/npm/mycompany/*"
NAMES = [f"team-{number}" for number in range(8)]


def printed(show: Callable[[Console], None]) -> str:
    """Return what *show* prints on a console that is no terminal."""
    console = Console(file=io.StringIO(), width=160, highlight=False)
    show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def domain() -> FakeDomain:
    """Return a domain with a group of ours and two of others."""
    made = FakeDomain()
    made.add("/npm/old/*", ours=True)
    made.add("/npm/theirs/*")
    made.add("/npm/adopted/*", PUBLISH=LISTED, allowed={"PUBLISH": NAMES})
    return made


DECLARED = [
    declaration(OURS, name="groups[0]", EXTERNAL_UPSTREAM="BLOCK", allowed={"PUBLISH": NAMES}),
    declaration("/npm/adopted/*", name="groups[1]", allowed={"PUBLISH": ["team-0", "new"]}),
    declaration("/pypi/*", name="groups[2]"),
]


def test_a_plan_names_group_rule_step_and_what_changes() -> None:
    """In the policy's own words; long lists are shortened."""
    plan = planned(domain().gateway, DECLARED)
    text = printed(lambda console: show_plan(plan, "my-company", console, command="it"))
    lines = [" ".join(line.replace("\u2502", "|").split()) for line in text.splitlines()]
    assert "| /npm/old/* | - | remove | no longer declared |" in lines
    assert "| /pypi/* | groups[2] | create | inherits everything |" in lines
    assert (
        "| /npm/mycompany/* | groups[0] | create | publish: allow_in "
        "+ team-0, team-1, team-2, team-3, team-4 and 3 more |"
    ) in lines
    assert "| | | | external_upstream: block |" in lines
    assert any("Made by somebody else: will be changed, but never removed." in s for s in lines)
    assert lines[-3:] == [
        "domain my-company: 2 to create, 1 to update, 1 to remove, 0 as declared.",
        "Neither declared nor ours, so left: /npm/theirs/*.",
        "Nothing has been changed. `it` does it.",
    ]


def test_a_plan_with_nothing_to_do_is_a_line() -> None:
    """No empty table, and no hint to do it."""
    plan = planned(FakeDomain().gateway, [])
    assert printed(lambda console: show_plan(plan, "my-company", console, command="it")) == (
        "domain my-company: 0 to create, 0 to update, 0 to remove, 0 as declared.\n"
    )


def test_what_was_done_is_counted_and_the_delay_is_told() -> None:
    """A refusal stands in the table, and in the count."""
    there = domain()
    there.missing = {"team-7"}
    outcomes = apply(planned(there.gateway, DECLARED), there.gateway)
    text = printed(lambda console: show_outcomes(outcomes, "my-company", console))
    assert "domain my-company: 1 created, 1 updated, 1 removed, 0 as declared, 1 not.\n" in text
    assert "has no repository 'team-7'" in text
    assert text.endswith(
        "Which packages belong to a group that is created or removed, CodeArtifact works out\n"
        "afterwards, in no time that AWS promises: "
        "`aws codeartifact get-associated-package-group`.\n"
    )


def test_a_run_with_nothing_to_do_is_a_line() -> None:
    """And says nothing of delays."""
    there = FakeDomain()
    outcomes = apply(planned(there.gateway, []), there.gateway)
    assert printed(lambda console: show_outcomes(outcomes, "my-company", console)) == (
        "domain my-company: 0 created, 0 updated, 0 removed, 0 as declared.\n"
    )


def test_programs_get_every_name() -> None:
    """Whole lists, modes as the API spells them, and groups that stay as they are."""
    there = domain()
    plan = planned(there.gateway, DECLARED)
    document = json.loads(json.dumps(plan_document(plan, "my-company")))
    by_pattern = {one["pattern"]: one for one in document["groups"]}
    assert by_pattern[OURS] == {
        "pattern": OURS,
        "rule": "groups[0]",
        "step": "create",
        "modes": {
            "PUBLISH": {"from": "INHERIT", "to": LISTED},
            "EXTERNAL_UPSTREAM": {"from": "INHERIT", "to": "BLOCK"},
        },
        "add": {"PUBLISH": NAMES},
        "remove": {},
        "remarks": [],
    }
    assert by_pattern["/npm/adopted/*"]["remove"] == {"PUBLISH": NAMES[1:]}
    assert by_pattern["/npm/theirs/*"]["step"] == "leave"
    done = outcomes_document(apply(plan, there.gateway), "my-company")
    assert done["ok"] is True
    assert json.loads(json.dumps(done))["groups"][0]["result"] == "created"
