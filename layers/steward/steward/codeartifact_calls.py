"""How a call about many versions is split into calls that CodeArtifact takes, and sent again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NotRequired, TypedDict

from steward.codeartifact_answers import Refusal, SortedOut
from steward.coordinates import PackageVersion

# UpdatePackageVersionsStatus, DisposePackageVersions and DeletePackageVersions, API Reference
MAX_VERSIONS_PER_CALL: Final = 100


class Revisions(TypedDict):
    """The revisions that the versions of a call must have."""

    versionRevisions: NotRequired[Mapping[str, str]]


def call_by_call(
    versions: Sequence[PackageVersion],
    call: Callable[[Sequence[PackageVersion]], SortedOut],
    done: SortedOut,
    *,
    pinned: bool,
) -> None:
    """
    Make *call* for all of *versions*, and add to *done* what it settles, call by call.

    - One call holds at most 100 versions, all of one status, which is what is expected of them.
    - Culprits are set aside and ``SKIPPED`` versions sent again. If nobody is named as the culprit,
      half as many at once find out who it is.

    Args:
        versions: As they were listed.
        call: Makes one call; its errors go through.
        done: What has been settled; complete also when an error goes through.
        pinned: Versions whose revision is known and others are in calls of their own: revisions are
            told of all versions of a call or of none ("versionRevisions", API Reference).
    """
    for group in _alike(versions, pinned=pinned):
        _bring(group, call, done)


def revisions_of(batch: Iterable[PackageVersion]) -> Revisions:
    """Return the revisions of *batch* as a call takes them; nothing if one of them is not known."""
    known = {one.version: one.revision for one in batch}
    revisions = {version: revision for version, revision in known.items() if revision is not None}
    return {"versionRevisions": revisions} if len(revisions) == len(known) else {}


def _bring(
    versions: Sequence[PackageVersion],
    call: Callable[[Sequence[PackageVersion]], SortedOut],
    done: SortedOut,
) -> None:
    pending = deque(versions)
    size = MAX_VERSIONS_PER_CALL
    while pending:
        batch = [pending.popleft() for _ in range(min(size, len(pending)))]
        answer = call(batch)
        if answer.skipped != batch:
            size = MAX_VERSIONS_PER_CALL
            pending.extendleft(reversed(answer.skipped))
        elif len(batch) > 1:
            # Nobody is named as the culprit: half as many at once find out who it is.
            size = len(batch) // 2
            pending.extendleft(reversed(batch))
        else:
            size = MAX_VERSIONS_PER_CALL
            done.refused.append(Refusal(batch[0], "SKIPPED", "skipped although sent alone"))
        done.changed.extend(answer.changed)
        done.refused.extend(answer.refused)


def _alike(versions: Iterable[PackageVersion], *, pinned: bool) -> list[list[PackageVersion]]:
    """Return *versions* in their order, those together that one call may hold."""
    groups: dict[tuple[str, bool], list[PackageVersion]] = {}
    for version in versions:
        known = pinned and version.revision is not None
        groups.setdefault((version.status, known), []).append(version)
    return list(groups.values())
