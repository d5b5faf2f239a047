"""The ledger fails, or nobody can be told: nothing changes in silence, no message is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from steward.coordinates import Restrictions
from steward.errors import LedgerError
from tests.functional.origin_company import DONE, OriginCompany
from tests.functional.origin_domain import INTERNAL, OPEN, inside, outside

WRITE = "PutPackageOriginConfiguration"
ARCHIVE = "UpdatePackageVersionsStatus"
FAILED = {"batchItemFailures": [{"itemIdentifier": "0"}]}


class TestLedger:
    """Without the table of what was exempt, changed and told, nothing is changed."""

    @pytest.mark.parametrize("use", ["exemptions", "record"])
    def test_nothing_is_changed_while_it_fails_and_the_message_comes_back(
        self, company: OriginCompany, use: str
    ) -> None:
        """Neither the restrictions nor the version."""
        package = company.infiltrated()
        company.forget_requests()
        company.ledger.before = failing(use)

        assert company.look(package) == FAILED
        assert company.restrictions(package) == OPEN
        assert company.statuses(package)["99.0.0"] == "Published"
        assert not {WRITE, ARCHIVE} & company.requests().keys()
        (outcome,) = company.sweep(package.repository)
        assert isinstance(outcome.error, LedgerError)

        company.ledger.before = lambda _: None
        assert company.look(package) == DONE
        assert company.restrictions(package) == INTERNAL
        assert company.statuses(package)["99.0.0"] == "Archived"

    @pytest.mark.parametrize("use", ["told", "mark_told"])
    @pytest.mark.parametrize("scope", ["reported", "inferred"])
    def test_what_was_told_is_not_lost_with_it(
        self, company: OriginCompany, use: str, scope: str
    ) -> None:
        """The message comes back, and the person hears of it at least once, then not again."""
        package = company.infiltrated(scope)
        company.ledger.before = failing(use)
        assert company.look(package) == FAILED

        company.ledger.before = lambda _: None
        for _ in range(2):
            assert company.look(package) == DONE
        assert len(company.attention.messages) == (1 if use == "told" else 2)

    def test_a_package_in_order_does_not_ask_it(self, company: OriginCompany) -> None:
        """It may be out of order for long without holding up what needs nothing."""
        package = company.named()
        company.seed((package, INTERNAL, [inside("1.0.0", package.repository.name)]))
        company.ledger.before = failing("exemptions")

        assert company.look(package) == DONE
        assert company.ledger.reads == []


def failing(use: str) -> Callable[[str], None]:
    """Return what makes one use of the ledger fail."""

    def before(name: str) -> None:
        if name == use:
            raise LedgerError("Query", "InternalServerError", "of a test")

    return before


class TestAttention:
    """Nobody can be told just now."""

    @pytest.mark.parametrize("scope", ["reported", "inferred"])
    def test_what_is_left_is_told_at_the_next_look(
        self, company: OriginCompany, scope: str
    ) -> None:
        """Reported versions and packages of mixed origin: not marked as told, told later, once."""
        package = company.infiltrated(scope)
        company.attention.delivers = False
        assert company.look(package) == DONE
        assert company.attention.messages == []

        company.attention.delivers = True
        for _ in range(2):
            company.look(package)
        assert len(company.attention.messages) == 1

    @pytest.mark.parametrize("current", [OPEN, INTERNAL], ids=["drifted", "in order"])
    def test_what_is_archived_is_told_at_the_next_look_as_if_it_were_then(
        self, company: OriginCompany, current: Restrictions
    ) -> None:
        """It is archived all the same; the automation comes back for the message alone, once."""
        package = company.named()
        company.seed((package, current, [outside("99.0.0"), outside("99.1.0", "Unlisted")]))
        company.attention.delivers = False
        assert company.look(package) == DONE
        assert set(company.statuses(package).values()) == {"Archived"}
        assert company.attention.messages == []

        company.attention.delivers = True
        company.now += timedelta(minutes=5)
        assert company.look_again() == 1
        ((_, text),) = company.attention.messages
        assert "99.0.0 (Published), came in through public:npmjs: archived" in text
        assert "99.1.0 (Unlisted), came in through public:npmjs: archived" in text
        assert "2026-03-01T10:00:00+00:00" in text
        assert "--version 99.0.0 --version 99.1.0" in text
        company.look(package)
        assert len(company.attention.messages) == 1
        assert len(company.told("archived")) == 1
        assert company.looks == []

    def test_as_long_as_nobody_can_be_told_every_event_tries_again(
        self, company: OriginCompany
    ) -> None:
        """The automation itself asks for one look more, and then rests."""
        package = company.infiltrated()
        company.attention.delivers = False
        company.look(package)
        assert company.look_again() == 1
        assert company.looks == []

        company.look(package)
        company.attention.delivers = True
        for _ in range(2):
            company.look(package)
        assert len(company.attention.messages) == 1

    def test_what_was_archived_again_and_told_is_not_told_late_too(
        self, company: OriginCompany
    ) -> None:
        """Somebody brought it back without an exemption while nobody could be told."""
        package = company.infiltrated()
        company.attention.delivers = False
        company.look(package)
        company.set_status(package, "Published", "99.0.0")

        company.attention.delivers = True
        company.now += timedelta(minutes=5)
        for _ in range(3):
            company.look(package)

        assert company.statuses(package)["99.0.0"] == "Archived"
        assert len(company.attention.messages) == 1

    def test_what_a_person_brought_back_meanwhile_is_not_told_as_archived(
        self, company: OriginCompany
    ) -> None:
        """It is exempt and in use: the lost message would not be true any more."""
        package = company.infiltrated()
        company.attention.delivers = False
        company.look(package)
        company.exempt(package, "99.0.0")
        company.set_status(package, "Published", "99.0.0")

        company.attention.delivers = True
        company.look_again()

        assert company.statuses(package)["99.0.0"] == "Published"
        assert company.attention.messages == []
