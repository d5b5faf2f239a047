"""What functional tests share: a local CodeArtifact, and some with an automation at work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.functional.local_codeartifact import emulator_server, local, local_options

if TYPE_CHECKING:
    from tests.functional.expiry_domain import ExpiryDomain
    from tests.functional.origin_company import OriginCompany
    from tests.functional.origin_domain import OriginDomain
    from tests.functional.promotion_domain import PromotionDomain
    from tests.functional.promotion_faults import FaultyPromotions
    from tests.functional.snapshot_domain import SnapshotDomain
    from tests.functional.swept_domain import SweptDomain

__all__ = ["emulator_server", "local", "local_options"]


@pytest.fixture(scope="module")
def watched_domain() -> Iterator[SnapshotDomain]:
    """One local CodeArtifact a module; `snapshots` hands it out with nothing left in it."""
    from tests.functional.snapshot_domain import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def snapshots(watched_domain: SnapshotDomain) -> SnapshotDomain:
    """The watched domain, at rest, without faults, with nothing counted yet."""
    watched_domain.start_again()
    return watched_domain


@pytest.fixture(scope="module")
def origin_domain() -> Iterator[OriginDomain]:
    """One local CodeArtifact a module; `origins` hands it out with nothing left in it."""
    from tests.functional.origin_domain import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def origins(origin_domain: OriginDomain) -> OriginDomain:
    """The domain of the origin controls, at rest, without faults, with nothing counted yet."""
    origin_domain.start_again()
    return origin_domain


@pytest.fixture(scope="module")
def company_domain() -> Iterator[OriginCompany]:
    """One local CodeArtifact a module; `company` hands it out with nothing left in force."""
    from tests.functional.origin_company import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def company(company_domain: OriginCompany) -> OriginCompany:
    """The company, at rest, without faults, with nothing counted yet."""
    company_domain.start_again()
    return company_domain


@pytest.fixture(scope="module")
def promotion_domain() -> Iterator[PromotionDomain]:
    """One local CodeArtifact a module; `promotions` hands it out with nothing left in force."""
    from tests.functional.promotion_domain import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def promotions(promotion_domain: PromotionDomain) -> PromotionDomain:
    """The domain of promotion, at rest, without faults, with nothing decided or counted yet."""
    promotion_domain.start_again()
    return promotion_domain


@pytest.fixture(scope="module")
def faulty_domain() -> Iterator[FaultyPromotions]:
    """One local CodeArtifact and one moto a module; `functions` hands them out without faults."""
    from tests.functional.promotion_domain import watch
    from tests.functional.promotion_faults import faulty
    from tests.functional.watched_domain import served

    with served(watch) as domain, faulty(domain) as functions:
        yield functions


@pytest.fixture
def functions(faulty_domain: FaultyPromotions) -> FaultyPromotions:
    """The functions of promotion, their queues and their table, with nothing in them."""
    faulty_domain.start_again()
    return faulty_domain


@pytest.fixture(scope="module")
def swept_domain() -> Iterator[SweptDomain]:
    """One local CodeArtifact a module; `swept` hands it out with nothing left in force."""
    from tests.functional.swept_domain import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def swept(swept_domain: SweptDomain) -> SweptDomain:
    """The domain that is swept, without faults, with nothing said or counted yet."""
    swept_domain.start_again()
    return swept_domain


@pytest.fixture(scope="module")
def expiry_domain() -> Iterator[ExpiryDomain]:
    """One local CodeArtifact a module; `expiry` hands it out with nothing left in force."""
    from tests.functional.expiry_domain import watch
    from tests.functional.watched_domain import served

    with served(watch) as domain:
        yield domain


@pytest.fixture
def expiry(expiry_domain: ExpiryDomain) -> ExpiryDomain:
    """The domain of expiry, at rest, without faults, with nothing noted or counted yet."""
    expiry_domain.start_again()
    return expiry_domain
