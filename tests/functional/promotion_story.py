"""A history of promotion under faults, and an oracle that knows the rules but not the gates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from emulator.core import versions as held_versions
from emulator.core.values import Version
from promote_versions import messages
from promote_versions.messages import CopyOrder
from promote_versions.records import Record
from promote_versions.seen import destined
from steward.coordinates import Package
from tests.functional.promotion_domain import APPROVED, INTAKE, policy_of
from tests.functional.promotion_faults import FaultyPromotions
from tests.functional.promotion_steps import (
    LICENCES,
    VERSIONS,
    WANTS,
    AddAsset,
    Arrive,
    Bad,
    Change,
    Delete,
    Deploy,
    Forge,
    Known,
    OsvFault,
    Say,
    SetStatus,
    Step,
    Wait,
    Wants,
    Word,
    Work,
    WorkOff,
    entry_about,
)
from tests.functional.watched_domain import held_as, repository_id, where
from tests.unit.fake_promotions import event_of

Contents = frozenset[tuple[str, str]]  # name and SHA-256 of each asset
Name = tuple[Package, str]

SERVED = ("Published", "Unlisted")
# How long what a judgement was based on may be old when the copy is made: the functions' promise.
JUDGED_WITHIN = timedelta(days=1)
_numbers = count()


@dataclass
class Story:
    """
    The domain, and everything that the oracle remembers of it.

    Attributes:
        passed: By version and contents: when it last met what the policy wanted, and which policy
            that was.
        approvable: By version: the contents that somebody has approved, at most.
    """

    functions: FaultyPromotions
    packages: int
    wants: Wants = WANTS[0]
    released: dict[Name, datetime] = field(default_factory=dict)
    licences: dict[Name, str] = field(default_factory=dict)
    bad: dict[Name, tuple[Bad, ...]] = field(default_factory=dict)
    words: dict[Name, list[Word]] = field(default_factory=dict)
    seen: dict[Name, dict[str, tuple[Contents, datetime]]] = field(default_factory=dict)
    passed: dict[tuple[Name, Contents], tuple[datetime, Wants]] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311  repeatable

    def __post_init__(self) -> None:
        """There are some packages without versions, and the first policy."""
        self.functions.start_again()
        self.domain = self.functions.domain
        self.names = [self.domain.new_package() for _ in range(self.packages)]
        self.deploy(self.wants)
        self.before = self.there()

    # What there is, without any request of the functions' kind

    def here(self) -> dict[Name, Version]:
        """Return what the intake holds."""
        return self._held(INTAKE.name)

    def there(self) -> dict[Name, Version]:
        """Return what the destination holds, by its name in the intake."""
        return self._held(APPROVED)

    def _held(self, repository: str) -> dict[Name, Version]:
        found: dict[Name, Version] = {}
        for package in self.names:
            place = destined(package, repository)
            for name in VERSIONS:
                held = held_versions.find(
                    self.domain.state, repository_id(place.repository), held_as(place), name
                )
                if held is not None:
                    found[package, name] = held
        return found

    # The oracle

    def passes(self, name: Name, held: Version, record: Record | None = None) -> bool:
        """
        Return whether a version of the intake meets what the policy wants, now.

        Args:
            record: Which says exactly what a person has approved; without it, everything counts
                that they may have meant.
        """
        wants, now = self.wants, self.domain.now
        bad = self.bad.get(name, ())
        return (
            held.status == "Published"
            and (wants.age is None or self.released[name] + wants.age <= now)
            and not any(map(wants.blocks, bad))
            and (wants.licences is None or self.licences[name] in wants.licences)
            and (not wants.manual or self._approved(name, held, record))
            and not _rejected(record)
        )

    def _approved(self, name: Name, held: Version, record: Record | None) -> bool:
        if record is not None:
            said = record.approval
            return said is not None and (said.decision, said.revision) == ("approve", held.revision)
        contents = contents_of(held)
        since = min(
            (time for found, time in self.seen.get(name, {}).values() if found == contents),
            default=self.domain.now,
        )
        return any(
            word.decision == "approve"
            and (word.revision == held.revision if word.revision else word.at >= since)
            for word in self.words.get(name, [])
        )

    def note(self) -> None:
        """Remember what passes at this moment."""
        for name, held in self.here().items():
            contents = contents_of(held)
            revisions = self.seen.setdefault(name, {})
            revisions.setdefault(held.revision, (contents, self.domain.now))
            if self.passes(name, held):
                self.passed[name, contents] = (self.domain.now, self.wants)

    def check(self, records: Mapping[Name, Record]) -> None:
        """
        Nothing has got into the destination that had not passed.

        Args:
            records: As they were before the last step.
        """
        now, after = self.there(), self.records()
        for name, held in now.items():
            contents = contents_of(held)
            before = self.before.get(name)
            if held.status not in SERVED or (
                before is not None and before.status in SERVED and contents_of(before) == contents
            ):
                continue
            assert (name, contents) in self.passed, f"{name} has never passed like this"
            moment, wants = self.passed[name, contents]
            assert wants == self.wants, f"{name} has passed by another policy only"
            assert self.domain.now - moment <= JUDGED_WITHIN, f"{name} has passed too long ago"
            assert not (_rejected(records.get(name)) and _rejected(after[name])), f"{name} rejected"
        self.before = now
        for name, record in after.items():
            if record.approval is not None:
                said = (record.approval.decision, record.approval.at)
                assert said in [(word.decision, word.at) for word in self.words[name]]

    def records(self) -> dict[Name, Record]:
        """Return everything that is recorded."""
        return {
            (package, version): record
            for package in self.names
            for version, record in self.functions.found(package).items()
        }

    # What happens

    def play(self, step: Step) -> None:
        """One more thing happens; whatever it is, only what has passed is in the destination."""
        records = self.records()
        self._do(step)
        self.functions.faults.end()
        self.note()
        if not isinstance(step, Work | WorkOff):
            self._tell()
        self.check(records)

    def _do(self, step: Step) -> None:
        match step:
            case OsvFault(fault):
                faults = {"down": True} if fault == "down" else {"nonsense": fault or False}
                self.domain.osv_faults(**faults)
            case Say():
                self._say(step)
            case Deploy(number):
                self.deploy(WANTS[number % len(WANTS)])
            case Wait():
                self.functions.advance(timedelta(hours=step.hours))
                self.note()
                if step.due:
                    self.functions.send("promotions", messages.due_now())
                if step.recheck:
                    self.functions.send("promotions", messages.recheck_all())
            case Forge():
                self._forge(step)
            case Work():
                self._work(step)
            case WorkOff():
                self.functions.work_off()
            case _:
                self.change(step)

    def deploy(self, wants: Wants) -> None:
        """This policy is deployed."""
        self.wants = wants
        self.domain.policy = replace(policy_of(wants.rule()), digest=wants.rule().digest)

    def change(self, step: Change) -> None:
        """Somebody changes the intake, or OSV."""
        package = self.names[step.package % len(self.names)]
        version = VERSIONS[step.version % len(VERSIONS)]
        name = (package, version)
        held = self.here().get(name)
        match step:
            case Arrive():
                self._arrive(name, held, step)
            case AddAsset() if held is not None and held.status == "Published":
                if len(held.assets) == 1:
                    self.domain.add_sdist(package, version)
                    self.released[name] = self.domain.now
            case SetStatus(status=status) if held is not None and held.status != status:
                self.domain.set_status(package, status, version)
            case Delete() if held is not None:
                self.domain.client.delete_package_versions(**where(package), versions=[version])
            case Known(bad=bad):
                self.bad[name] = (*self.bad.get(name, ()), bad) if bad else ()
                entries = [entry_about(*of, one) for of, all_ in self.bad.items() for one in all_]
                self.domain.osv_knows(*entries)
            case _:
                pass
        self.note()

    def _arrive(self, name: Name, held: Version | None, step: Arrive) -> None:
        package, version = name
        if held is not None:
            self.domain.client.delete_package_versions(**where(package), versions=[version])
        self.released[name] = self.domain.now - timedelta(days=step.age_days)
        self.licences[name] = LICENCES[step.licence % len(LICENCES)]
        file = f"{package.name.replace('-', '_')}-{version}-py3-none-any.whl"
        self.domain.seed(
            package,
            version,
            released=self.released[name],
            origin="INTERNAL",  # so that files can be added
            licenses=[self.licences[name]],
            assets=[{"name": file, "content": f"{next(_numbers)}"}],
        )
        self.functions.send("promotions", event_of(package), copies=step.told)

    def _say(self, step: Say) -> None:
        name = package, version = self._name(step.package, step.version)
        held = self.here().get(name)
        revision = None
        match step.about:
            case "this revision" if held is not None:
                revision = held.revision
            case "another revision":
                revision = "of-another-time"
            case "forged":
                self.functions.say(step.decision, package, version, who="AIDABOSS")
                return
        word = Word(step.decision, revision, self.domain.now)
        self.words.setdefault(name, []).append(word)
        self.functions.say(step.decision, package, version, revision=revision, copies=step.copies)

    def _forge(self, step: Forge) -> None:
        package, version = self._name(step.package, step.version)
        held = self.here().get((package, version))
        revision = held.revision if held is not None else "none"
        rule = self.functions.rule
        order = CopyOrder(package, rule, APPROVED, {version: revision}, (), self.domain.now)
        self.functions.send("copies", messages.body_of(order), "{}", copies=2)

    def _name(self, package: int, version: int) -> Name:
        return self.names[package % len(self.names)], VERSIONS[version % len(VERSIONS)]

    def _work(self, step: Work) -> None:
        faults = self.functions.faults
        faults.rate, faults.seed = step.rate, next(_numbers)
        faults.broken = frozenset({step.broken} if step.broken else ())
        faults.dies_at, faults.dies_after = step.dies_at, step.dies_after
        if step.meanwhile is not None:
            what = step.meanwhile.what
            faults.meanwhile[step.meanwhile.operation] = lambda: self.change(what)
        for _ in range(step.batches):
            self.functions.work(step.queue, lambda batch: self._arranged(batch, step))

    def _arranged(self, batch: list[dict[str, Any]], step: Work) -> Sequence[dict[str, Any]]:
        if step.doubled:
            batch = batch + [{**one, "messageId": f"{one['messageId']}-2"} for one in batch]
        if step.shuffled:
            self.random.shuffle(batch)
        return batch

    def _tell(self) -> None:
        """CodeArtifact's events arrive: some twice, some never."""
        for event in self.domain.take_queued():
            copies = self.random.choice((0, 1, 1, 2))
            self.functions.send("promotions", json.dumps(event), copies=copies)

    # The end

    def end(self) -> None:
        """Faults are over, and everything that is left to do is done, in its time."""
        self.functions.faults.end()
        self.domain.osv_faults()
        self._rest()
        for package in self.names:  # events that were lost are made good by a sweep
            self.functions.send("promotions", event_of(package))
        self._rest()
        for duration in (timedelta(minutes=15), timedelta(days=1), timedelta(days=8)):
            self.functions.advance(duration)
            self.note()
            self.functions.send("promotions", messages.due_now())
            self._rest()

    def _rest(self) -> None:
        """Everything that waits is worked off; what is delayed, after the delay."""
        records = self.records()
        for _ in range(50):
            self.functions.work_off()
            if not self.functions.waiting():
                break
            self.functions.advance(timedelta(minutes=6))
            self.note()
        else:
            raise AssertionError("messages are left")
        self.note()
        self.check(records)

    def converged(self) -> None:
        """What passes is in the destination, and every record says so."""
        here, there, records = self.here(), self.there(), self.records()
        for name, held in here.items():
            if held.status != "Published":
                continue
            record, copy = records[name], there.get(name)
            assert record.revision == held.revision
            if copy is not None and contents_of(copy) == contents_of(held):
                if record.state == "copied" or self.passes(name, held, record):
                    assert record.state in ("copied", "recalled"), (name, record)
                continue
            if not self.passes(name, held, record):
                recalled = _rejected(record) and record.state == "recalled"
                assert recalled or record.state in ("held", "refused"), (name, record)
                continue
            assert copy is not None, f"{name} passes and is not promoted: {record}"
            assert record.state == "refused", (name, record)
            follows = contents_of(copy) < contents_of(held)
            assert not follows or copy.status != "Published", (name, record)
        for name, record in records.items():
            if name not in here or here[name].status != "Published":
                assert record.state != "approved", (name, record)
                assert record.due is None, (name, record)

    def rests(self) -> None:
        """Another look at everything writes nothing, orders nothing, and asks for nothing."""
        items, there = self.functions.items(), self.there()
        for package in self.names:
            self.functions.send("promotions", messages.look(package))
        self.functions.work_off(rounds=3)
        assert self.functions.waiting() == 0
        assert self.functions.items() == items
        assert self.there() == there


def contents_of(held: Version) -> Contents:
    """Return the assets of a version, by name and hash."""
    return frozenset((asset.name, asset.blob.sha256) for asset in held.assets)


def _rejected(record: Record | None) -> bool:
    said = None if record is None else record.approval
    return said is not None and said.decision == "reject"
