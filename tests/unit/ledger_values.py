"""Any values that may stand in the ledger, and some that do in its tests."""

from datetime import UTC, datetime, timedelta, timezone
from typing import cast, get_args

from hypothesis import strategies as st

from steward import ledger_entries as entries
from steward.coordinates import FORMATS, Package, Repository, Restriction, Restrictions, Status
from steward.ledger import Change, Exemption, Mark, RestrictionsChange, StatusChange
from steward.table_items import Item
from tests.unit.fake_codeartifact import package

NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
OPEN, CLOSED = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
LONGEST = "𝄞" * 255  # a name or version of as many bytes as the service model allows

# PackageName, PackageNamespace and PackageVersion, service model: [^#/\s]{1,255}
NAMES = st.one_of(
    st.text(
        st.characters(exclude_characters="#/", exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")),
        min_size=1,
        max_size=255,
    ),
    st.just(LONGEST),
)
REPOSITORIES = st.builds(
    Repository,
    st.sampled_from(["my-company", "d" * 50]),
    st.just("012345678901"),
    st.sampled_from(["my-repo", "r" * 100]),
)
PACKAGES = st.builds(Package, REPOSITORIES, st.sampled_from(FORMATS), st.none() | NAMES, NAMES)
TIMES = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001  likewise
    timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-7))),
)
RESTRICTIONS = st.builds(
    Restrictions, *[st.sampled_from(cast("tuple[Restriction, ...]", get_args(Restriction)))] * 2
)
STATUSES = st.sampled_from(cast("tuple[Status, ...]", get_args(Status)))
WORDS = st.text(max_size=40).filter(lambda text: text.isprintable())
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(RestrictionsChange, PACKAGES, RESTRICTIONS, RESTRICTIONS, WORDS, WORDS, TIMES),
    st.builds(StatusChange, PACKAGES, NAMES, STATUSES, STATUSES, WORDS, WORDS, TIMES),
)
MARKS = st.builds(Mark, PACKAGES, NAMES, STATUSES, WORDS, TIMES)
EXEMPTIONS = st.builds(
    Exemption,
    PACKAGES,
    st.none() | NAMES,
    WORDS,
    WORDS,
    st.text(max_size=60),
    TIMES,
    TIMES,
    st.none() | WORDS,
)


def archived(version: str = "9.9", at: datetime = NOW) -> StatusChange:
    """Return a change of the one package of this module."""
    return StatusChange(
        package(), version, "Published", "Archived", "origins[0]", "enforce_origin_controls", at
    )


def only(change: Change) -> Item:
    """Return the one item of *change*."""
    (item,) = entries.change_items([change])
    return item
