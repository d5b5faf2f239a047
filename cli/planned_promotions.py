"""The judge of promotions as a command may use it that only wants to know what it would decide."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cli.silence import NoAttention, NoLedger

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from promote_versions.collaborators import Collaborators
    from promote_versions.messages import CopyOrder
    from promote_versions.osv import Osv, OsvAnswer
    from promote_versions.records import Record, RecordPage, RequestAnswer, State
    from promote_versions.records_table import Records
    from steward.coordinates import Package
    from steward.policy import Policy
    from steward.promotion_notices import NotPromoted, RecallAction


class PlannedRecords:
    """
    What was decided, and over it what would be decided now, which is kept nowhere else.

    Args:
        kept: What was decided; None where nothing is deployed that remembers.
    """

    def __init__(self, kept: "Records | None") -> None:
        self._kept = kept
        self._read: dict[Package, list[Record]] = {}
        self._planned: dict[Package, dict[tuple[str, str], Record]] = {}

    def of_package(self, package: "Package") -> list["Record"]:
        """See `Records`; each package is asked for once."""
        if package not in self._read:
            self._read[package] = self._kept.of_package(package) if self._kept else []
        found = {(one.version, one.rule): one for one in self._read[package]}
        return list((found | self._planned.get(package, {})).values())

    def find(self, package: "Package", version: str, rule: str) -> "Record | None":
        """See `Records`."""
        planned = self._planned.get(package, {}).get((version, rule))
        if planned is None and self._kept is not None:
            return self._kept.find(package, version, rule)
        return planned

    def put(self, record: "Record") -> "Record":
        """Keep *record* for the length of the command."""
        written = replace(record, serial=record.serial + 1)
        self._planned.setdefault(record.package, {})[record.version, record.rule] = written
        return written

    def put_all(self, records: Sequence["Record"]) -> list["Record"]:
        """Keep *records* for the length of the command."""
        return [self.put(record) for record in records]

    def due(self, now: datetime) -> Iterator["Record"]:
        """See `Records`."""
        return self._kept.due(now) if self._kept else iter(())

    def in_state(self, state: "State") -> Iterator["Record"]:
        """See `Records`."""
        return self._kept.in_state(state) if self._kept else iter(())

    def page_in_state(self, state: "State", after: str | None = None) -> "RecordPage":
        """See `Records`."""
        from promote_versions.records import RecordPage

        return self._kept.page_in_state(state, after) if self._kept else RecordPage((), None)

    def answer_request(self, package: "Package", request: str, answer: "RequestAnswer") -> None:
        """Nobody waits."""

    def request_answer(self, package: "Package", request: str) -> "RequestAnswer | None":
        """There is none."""
        del package, request
        return None

    def tell_once(self, key: str, until: datetime) -> bool:
        """Nobody is told of anything."""
        del key, until
        return False


class NoPromotionsQueue:
    """A queue on which nothing is put."""

    def look(
        self, *packages: "Package", request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Ask for nothing."""

    def recheck(self, *packages: "Package") -> None:
        """Ask for nothing."""

    def continue_recheck(self, after: str) -> None:
        """Ask for nothing."""

    def look_again(self, package: "Package", *, after: timedelta) -> None:
        """Ask for nothing."""


class NoCopiesQueue:
    """A queue on which nothing is ordered."""

    def order(self, *orders: "CopyOrder") -> None:
        """Order nothing."""


class NoPromotionNotices:
    """A bus on which nothing of promotion is announced."""

    def versions_promoted(
        self, package: "Package", revisions: Mapping[str, str], *, to: str, rule: str
    ) -> None:
        """Announce nothing."""

    def versions_held(
        self, package: "Package", held: Sequence["NotPromoted"], *, to: str, rule: str
    ) -> None:
        """Announce nothing."""

    def versions_refused(
        self, package: "Package", refused: Sequence["NotPromoted"], *, to: str, rule: str
    ) -> None:
        """Announce nothing."""

    def versions_recalled(
        self,
        package: "Package",
        findings: Mapping[str, Sequence[str]],
        *,
        action: "RecallAction",
        to: str,
        rule: str,
    ) -> None:
        """Announce nothing."""

    def bypass_found(self, package: "Package", reason: str, *, to: str, rule: str) -> None:
        """Announce nothing."""


class NoOsv:
    """An OSV that is not known: what needs it is held."""

    def ask(
        self,
        package: "Package",
        versions: Sequence[str],
        *,
        of_package: bool = False,
        spelt: str | None = None,
    ) -> "OsvAnswer":
        """
        Answer nothing.

        Raises:
            OsvError: Always.
        """
        from promote_versions.osv import OsvError

        del package, versions, of_package, spelt
        raise OsvError("it is not known which OSV the deployment asks")


def judge_from_here(
    policy: "Policy", records: PlannedRecords, osv: str | None, client: "CodeArtifactClient"
) -> "Collaborators":
    """
    Return what the judge talks to when nothing but *records* is to be changed.

    Args:
        osv: The base URL of the OSV to ask; None: none is known.
        client: The caller's.
    """
    from promote_versions.collaborators import Collaborators
    from promote_versions.osv import HttpOsv
    from promote_versions.topology import Topology
    from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
    from steward.endpoint import ServiceEndpoint
    from steward.package_groups import PackageGroups
    from steward.repositories import ServiceRepositories
    from steward.version_contents import ServiceVersionContents

    codeartifact = ObservedCodeArtifact(CodeArtifactService(client))
    chosen: Osv = NoOsv() if osv is None else HttpOsv(osv)
    return Collaborators(
        codeartifact=codeartifact,
        contents=ServiceVersionContents(client),
        topology=Topology(
            ServiceRepositories(client),
            codeartifact,
            lambda domain, owner: PackageGroups(client, domain=domain, domain_owner=owner),
        ),
        endpoint=ServiceEndpoint(client),
        osv=chosen,
        policy=policy,
        records=records,
        own_queue=NoPromotionsQueue(),
        copies=NoCopiesQueue(),
        ledger=NoLedger(),
        notices=NoPromotionNotices(),
        attention=NoAttention(),
        now=lambda: datetime.now(UTC),
    )
