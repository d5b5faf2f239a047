"""However events are doubled, reordered and lost, one more event brings the rule's end state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.coordinates import Status
from tests.functional.snapshot_domain import GRACE, NOW, SnapshotDomain
from tests.functional.snapshot_scenarios import as_the_rule_describes

BUILDS = (
    "1.0-20210728.194552-1",
    "1.0-20210728.194552-2",
    "1.0-20210729.194552-10",
    "1.0-20210731.233000-11",  # inside its grace period, as the next
    "1.0-20210731.234500-12",
    "2.0-20210728.194552-1",
    "2.0-20210731.234000-2",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """The asset of a build, and its metadata if it *finishes* the build."""

    build: str
    finishes: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody sets the status of a build."""

    build: str
    status: Status


@dataclass(frozen=True, slots=True)
class Deletion:
    """Somebody deletes a build."""

    build: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch: some of the events so far, in any order, some twice, some never."""

    picks: tuple[int, ...]


Step = Upload | Change | Deletion | Delivery

builds = st.sampled_from(BUILDS)
statuses = st.sampled_from(("Published", "Unlisted", "Archived"))
steps = st.lists(
    st.one_of(
        st.builds(Upload, builds, st.booleans()),
        st.builds(Upload, builds, st.booleans()),
        st.builds(Change, builds, statuses),
        st.builds(Deletion, builds),
        st.builds(Delivery, st.lists(st.integers(0, 20), min_size=1, max_size=6).map(tuple)),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps)
def test_any_history_ends_as_the_rule_describes_after_one_more_event(
    snapshots: SnapshotDomain, steps: Sequence[Step]
) -> None:
    """And then the system rests: our own changes queue nothing, a further look writes nothing."""
    package = snapshots.new_package()
    snapshots.now = NOW
    snapshots.looks.clear()
    events = []
    for step in steps:
        held = snapshots.statuses(package)
        match step:
            case Upload(build, finishes) if build not in held:
                snapshots.upload(package, build)
                if finishes:
                    snapshots.upload_metadata(package, build)
            case Change(build, status) if build in held:
                snapshots.set_status(package, status, build)
            case Deletion(build) if build in held:
                snapshots.delete_version(package, build)
            case Delivery(picks):
                events += snapshots.take_queued()
                if events:
                    batch = [events[pick % len(events)] for pick in picks]
                    assert snapshots.deliver(*batch) == {"batchItemFailures": []}
            case _:
                continue  # what is not there cannot be changed, what is there not uploaded anew
    before = snapshots.statuses(package)
    snapshots.take_queued()

    snapshots.look(package)

    after = snapshots.statuses(package)
    assert after == as_the_rule_describes(before, now=NOW)
    rests(snapshots, package_events=events)

    snapshots.now = NOW + GRACE + timedelta(hours=1)
    snapshots.look(package)
    assert snapshots.statuses(package) == as_the_rule_describes(after, now=snapshots.now)
    rests(snapshots, package_events=events)


def rests(snapshots: SnapshotDomain, package_events: Sequence[object]) -> None:
    """Nothing was queued by our own changes, and every event once more changes nothing."""
    assert snapshots.take_queued() == []
    snapshots.forget_requests()
    batch = [event for event in package_events if isinstance(event, dict)]
    assert snapshots.deliver(*batch) == {"batchItemFailures": []}
    assert "UpdatePackageVersionsStatus" not in snapshots.requests()
    assert snapshots.take_queued() == []
