"""The page of a plan: whole in itself, safe with foreign text, and right in its numbers."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.plan_page import MOST_LINES, STATIC_LINES, STATIC_VERSIONS, plan_page
from cli.plan_rows import MEANINGS, WORDS, row
from cli.plans import RISK, Plan
from steward.coordinates import Package, Repository, Restrictions
from sweep_repositories.plan_lines import ACTIONS, Action, MixedOrigin, PlanLine, PlannedVersion

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
HOSTILE = "</script><!--<script>alert(1)</script>\"'><img src=x onerror=y>&amp;]]>\u2028"


def package(name: str = "app", repository: str = "maven-snapshots") -> Package:
    """Return a package of the company."""
    place = Repository("my-company", "012345678901", repository)
    return Package(place, "maven", "com.mycompany", name)


def line(action: Action = "delete", *versions: str, of: Package | None = None) -> PlanLine:
    """Return a line of *action* about *versions*, each of 1,000,000 bytes if they are deleted."""
    size = 1_000_000 if action in ("delete", "dispose") else None
    until = NOW if action == "mark" else None
    return PlanLine(
        package=of or package(),
        automation="expire_versions",
        rule="retention 1",
        action=action,
        reason="older than 30 days",
        versions=tuple(
            PlannedVersion(name, "Published", "r", "older than 30 days", size, until)
            for name in versions
        ),
        to="maven-releases" if action == "promote" else None,
    )


def blocked(of: Package | None = None) -> PlanLine:
    """Return a line that blocks what comes from outside."""
    before, after = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
    return PlanLine(
        of or package(), "enforce_origin_controls", "origins 1", "restrict", "all published here",
        before=before, after=after,
    )  # fmt: skip


def planned(*lines: PlanLine, **given: object) -> Plan:
    """Return a plan of *lines*."""
    values = {
        "mode_note": None,
        "packages": 20,
        "versions": 100,
        "limit": 500,
        "measured": True,
        **given,
    }
    return Plan(
        domain="my-company",
        domain_owner="012345678901",
        region="us-west-2",
        policy_digest="3f9a" * 16,
        made_at=NOW,
        lines=lines,
        **values,  # type: ignore[arg-type]  # each value is of its member's type
    )


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag != "wbr":  # which is in the middle of a word
            self.texts.append(" ")
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Note that what follows is in no script and no style."""
        del tag
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        """Note a comment, of which there should be none."""
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        """Note a text where it stands."""
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside not in ("style", "title"):  # titles say once more what stands beside
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What there is to read."""
        return " ".join("".join(self.texts).split())

    @property
    def rows(self) -> list[dict[str, object]]:
        """What the script finds lines in."""
        found: list[dict[str, object]] = json.loads(self.scripts[0])["rows"]
        return found

    def named(self, name: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of that name."""
        return [attributes for tag, attributes in self.tags if tag == name]


def test_the_page_asks_nobody_for_anything() -> None:
    """No address, no import, no element that fetches; its own policy forbids the rest."""
    text = plan_page(planned(line("delete", "1.0"), blocked()))
    assert not re.search(r"https?:|//", text)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    page = Page(text)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & {
        tag for tag, _ in page.tags
    }
    assert not [attributes for _, attributes in page.tags if {"src", "href"} & attributes.keys()]
    (policy,) = (
        attributes["content"]
        for attributes in page.named("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")


def test_foreign_text_stays_text_everywhere() -> None:
    """A package, a version, a rule, a reason, a problem or a note cannot become a part of it."""
    place = Repository("my-company", "012345678901", HOSTILE)
    hostile = PlanLine(
        package=Package(place, "generic", HOSTILE, HOSTILE),
        automation=HOSTILE,
        rule=HOSTILE,
        action="delete",
        reason=HOSTILE,
        versions=(PlannedVersion(HOSTILE, "Published", "r", f"{HOSTILE} too", 1),),
    )
    harmless = line("delete", "1.0", of=Package(place, "generic", None, "app"))
    pages = [
        Page(
            plan_page(
                planned(
                    one,
                    problems=(text,),
                    mode_note=text,
                    kept={text: 1},
                    calls={text: 1},
                    rules={text: (text,)},
                )
            )
        )
        for one, text in ((hostile, HOSTILE), (harmless, "harmless"))
    ]
    tags, same = ([tag for tag, _ in one.tags if tag != "wbr"] for one in pages)
    assert tags == same
    page = pages[0]
    assert page.comments == []
    assert len(page.scripts) == 2
    assert not set("<>&\u2028") & set(page.scripts[0])
    (found,) = page.rows
    assert found["why"] == HOSTILE
    assert found["rule"] == HOSTILE
    assert found["versions"] == [{"v": HOSTILE, "s": "Published", "n": f"1 byte; {HOSTILE} too"}]


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="<>&/!-\"'scriptx\u2028\\", min_size=1, max_size=40))
def test_no_text_ends_the_script_or_opens_an_element(text: str) -> None:
    """Whatever a reason is made of, the page has the same elements, and the script finds it."""
    one = PlanLine(
        package(), "a", "r", "unlist", text, (PlannedVersion("1.0", "Published", None, text),)
    )
    page = Page(plan_page(planned(one)))
    plain = Page(plan_page(planned(line("unlist", "1.0"))))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.rows[0]["why"] == text


def test_the_numbers_are_those_of_the_plan() -> None:
    """Those at the top, those of the charts, and the bytes that are freed."""
    many = [f"2.{number}" for number in range(1200)]
    plan = planned(
        line("delete", "1.0", "1.1"),
        line("dispose", "1.2", of=package("two")),
        line("archive", *many, of=package("three", "npm-internal")),
        blocked(package("four")),
        versions=2000,
        kept={"retention 1": 700, "": 90},
    )  # fmt: skip
    text = Page(plan_page(plan)).text
    assert "3 versions gone for good frees 3.0 MB of the 500 that one run may delete" in text
    assert "1,200 versions to archive" in text
    assert "1 package to restrict" in text
    assert "797 versions that stay of 2,000 versions in 20 packages" in text
    assert "Delete 2 Dispose 1 Archive 1,200 Stay 797" in text
    assert "npm-internal 1,200" in text
    assert "maven-snapshots 4" in text
    assert "retention 1 1,203" in text
    assert "maven-snapshots 3.0 MB" in text


@pytest.mark.parametrize(
    ("lines", "unit"),
    [
        pytest.param((line("delete", "1.0"),), "By action versions Delete", id="versions"),
        pytest.param(
            (line("delete", "1.0"), blocked()),
            "By action versions; packages, where they are restricted Delete",
            id="and restrictions",
        ),
        pytest.param(
            (line("report"),),
            "By action versions; findings, where they are reported",
            id="findings",
        ),
    ],
)
def test_the_charts_say_what_they_count(lines: tuple[PlanLine, ...], unit: str) -> None:
    """And nothing that the plan does not have."""
    assert unit in Page(plan_page(planned(*lines))).text


def test_the_page_calls_an_action_what_the_table_calls_it() -> None:
    """So a person who reads both needs to learn one word."""
    text = Page(plan_page(planned(blocked(), line("promote", "1.0"), line("mark", "2.0")))).text
    for words in ("Restrict 1", "Judge for promotion 1", "1 version to judge for promotion",
                  "Begin to wait 1", "1 version to begin to wait"):  # fmt: skip
        assert words in text
    assert "Block origin" not in text


def test_a_version_that_two_rules_keep_stays_once() -> None:
    """And one that a rule keeps and another takes away does not stay."""
    kept = {"retention 1": 10, "retention 2": 10}
    text = Page(plan_page(planned(line("delete", "1.0"), versions=10, kept=kept))).text
    assert "9 versions that stay of 10 versions" in text
    assert "Delete 1 Stay 9" in text


def test_a_plan_beyond_the_limit_says_that_a_sweep_stops() -> None:
    """The limit itself is not beyond it."""
    plan = planned(line("delete", "1.0", "1.1"), limit=1)
    assert "more than the 1 that one run may delete: a sweep stops" in Page(plan_page(plan)).text
    plan = planned(line("delete", "1.0", "1.1"), limit=2)
    assert "of the 2 that one run may delete" in Page(plan_page(plan)).text
    assert "a sweep stops" not in Page(plan_page(plan)).text


def test_sizes_that_nobody_looked_up_are_not_said_to_be_nothing() -> None:
    """Nor is there a chart of them."""
    text = Page(plan_page(planned(line("delete", "1.0"), measured=False))).text
    assert "1 version gone for good sizes were not looked up" in text
    assert "Bytes freed" not in text


def test_the_page_says_what_its_rules_say_and_what_to_do_next() -> None:
    """For somebody who has neither the policy nor the command line at hand."""
    rules = {"retention 1": ("/maven/*, in every repository.", "The newest 2 stay.")}
    text = Page(plan_page(planned(line("delete", "1.0"), blocked(), rules=rules))).text
    assert "What the rules say retention 1 1 line /maven/*, in every repository. The newest" in text
    assert "This is how the domain was on 2026-11-22 at 18:30 UTC." in text
    assert "then steward apply plan.json. What has changed since then is left alone" in text
    assert "this deletes 1 version, so a sweep of a deployment that enforces does it" in text
    assert "steward restore puts back" in text
    text = Page(plan_page(planned(line("delete", "1.0", "1.1"), limit=1))).text
    assert "then steward apply plan.json --allow-deletions 2." in text
    assert "this deletes 2 versions, so it takes a person who says that number" in text
    assert "steward restore" not in text
    assert "What to do with it" not in Page(plan_page(planned())).text


def test_a_plan_of_nothing_says_so() -> None:
    """No chart, nothing to search; and if something was not looked at, that."""
    page = Page(plan_page(planned()))
    assert "Nothing is to be done" in page.text
    assert page.named("figure") == []
    assert page.named("input") == []
    text = Page(plan_page(planned(problems=("npm-internal: AccessDeniedException",)))).text
    assert "Nothing is to be done in what could be looked at" in text
    assert "Could not be looked at: 1 npm-internal: AccessDeniedException" in text


def test_the_riskiest_lines_come_first_and_each_says_what_and_why() -> None:
    """With its versions, their sizes, and how many of them are releases."""
    lines = [line("unlist", "3.0"), blocked(), line("delete", "1.0", "2.0-20260301.101500-1")]
    page = Page(plan_page(planned(*lines)))
    assert [one["action"] for one in page.rows] == ["delete", "restrict", "unlist"]
    first = page.rows[0]
    assert first["what"] == "2 versions"
    assert first["releases"] == 1
    shown = page.text
    assert (
        "Delete pkg:maven/com.mycompany/app maven-snapshots 2 versions 1 release older than 30 "
        "days retention 1 1.0 Published 1.0 MB 2.0-20260301.101500-1 Published 1.0 MB"
    ) in shown
    assert "publish ALLOW, upstream ALLOW → publish ALLOW, upstream BLOCK" in shown


def test_without_scripts_the_riskiest_lines_are_there_and_the_rest_is_counted() -> None:
    """All are in what the script finds lines in."""
    lines = [
        line("unlist", "1.0", of=package(f"app-{number:04}")) for number in range(STATIC_LINES + 1)
    ]
    page = Page(plan_page(planned(*lines)))
    assert len(page.named("details")) >= STATIC_LINES
    assert "app-0199" in page.text
    assert "app-0200" not in page.text
    assert f"the {STATIC_LINES} riskiest lines of {STATIC_LINES + 1}" in page.text
    assert len(page.rows) == STATIC_LINES + 1


def test_a_line_with_many_versions_names_some_and_counts_the_rest() -> None:
    """All are in what the script finds lines in."""
    versions = [f"1.{number}" for number in range(STATIC_VERSIONS + 3)]
    page = Page(plan_page(planned(line("unlist", *versions))))
    assert "... and 3 more" in page.text
    (found,) = page.rows
    assert [one["v"] for one in found["versions"]] == versions  # type: ignore[attr-defined]  # a list


def test_a_page_lists_no_more_lines_than_a_phone_can_hold() -> None:
    """It says so; its sums are of all."""
    one, another = line("archive", "1.0"), line("unlist", "1.0")
    page = Page(plan_page(planned(one, *[another] * MOST_LINES)))
    assert len(page.rows) == MOST_LINES
    assert page.rows[0]["action"] == "archive"
    assert f"the {MOST_LINES:,} riskiest lines of {MOST_LINES + 1:,}" in page.text
    assert f"{MOST_LINES:,} versions to unlist" in page.text


def test_what_can_be_chosen_is_what_the_lines_have() -> None:
    """Repositories, rules and actions, with how many lines each has."""
    page = Page(
        plan_page(
            planned(line("delete", "1.0"), line("delete", "1.0", of=package("b", "raw")), blocked())
        )
    )
    assert [one.get("value") for one in page.named("option")] == [
        "", "maven-snapshots", "raw", "", "origins 1", "retention 1", "risk", "versions", "package",
    ]  # fmt: skip
    boxes = [one.get("value") for one in page.named("input") if one.get("type") == "checkbox"]
    assert boxes == ["delete", "restrict", None]
    assert "maven-snapshots (2)" in page.text


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_word_a_meaning_and_a_place(action: Action) -> None:
    """So no line of a plan is left out."""
    assert action in WORDS
    assert action in MEANINGS
    assert action in RISK


@pytest.mark.parametrize(
    ("one", "what"),
    [
        pytest.param(line("promote", "1.0"), "1 version, for maven-releases", id="where it goes"),
        pytest.param(
            PlanLine(package(), "a", "r", "report", "why", mixed=MixedOrigin(3, 2)),
            "3 from within, 2 from outside",
            id="where its versions came from",
        ),
        pytest.param(
            PlanLine(
                package(), "a", "r", "mark", "why",
                (PlannedVersion("1.0", "Published", None, "why", until=NOW),), step="archive",
            ),
            "1 version, then: archive",
            id="what it waits for",
        ),
    ],
)  # fmt: skip
def test_a_line_says_what_is_special_about_it(one: PlanLine, what: str) -> None:
    """Beside the number of its versions."""
    assert row(one)["what"] == what


def test_a_version_that_waits_says_until_when() -> None:
    """And nothing that the line has said already."""
    assert row(line("mark", "1.0"))["versions"] == [
        {"v": "1.0", "s": "Published", "n": "until 2026-11-22"}
    ]
