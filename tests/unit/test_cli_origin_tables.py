"""What `steward enforce` says of a version from outside, done and planned."""

from typing import cast

import pytest
from rich.console import Console

from cli.origin_tables import Run, document, of_run
from enforce_origin_controls.decision import Drifted
from enforce_origin_controls.outcome import Found, Outcome
from steward.coordinates import Origin, Package, PackageVersion, Repository, Restrictions

PACKAGE = Package(
    Repository("my-company", "012345678901", "npm-internal"), "npm", "mycompany", "ui"
)
OUTSIDE = PackageVersion("9.9.9", "Published", Origin("EXTERNAL", None, "public:npmjs"))


def run(*, plan: bool, archiving: bool) -> Run:
    """Return a run that has found a version from outside and did not touch it."""
    drifted = Drifted(
        Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK"), "the rule says so"
    )
    found = Found(OUTSIDE, "reported", "as the rule says")
    outcome = Outcome(PACKAGE, "origins[0]", drifted, written=not plan, found=(found,))
    rules = frozenset({"origins[0]"} if archiving else set())
    return Run("my-company", "npm-internal", plan, 1, 2, rules, [outcome])


@pytest.mark.parametrize(
    ("plan", "archiving", "result"),
    [
        (True, False, "would be reported"),
        (True, True, "would archive"),
        (False, False, "reported"),
    ],
    ids=["a plan reports nothing", "a plan archives nothing", "a run has reported"],
)
def test_a_plan_says_what_would_be_done(*, plan: bool, archiving: bool, result: str) -> None:
    """In the table, in the count below it, and in JSON."""
    made = run(plan=plan, archiving=archiving)
    console = Console(width=200)
    with console.capture() as capture:
        console.print(of_run(made))
    said = capture.get()
    assert f"{result}: it came from outside" in said
    assert f", 1 {result}." in said
    (outcome,) = cast("list[dict[str, list[dict[str, str]]]]", document(made)["outcomes"])
    assert [found["result"] for found in outcome["found"]] == [result]
