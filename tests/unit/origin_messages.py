"""Messages to the automation, and the automation that gets them."""

import json

import pytest

from enforce_origin_controls import app
from steward import events
from steward.coordinates import Package
from tests.unit.fake_origin_domain import OriginStage
from tests.unit.test_batches import batch, failures

AUTOMATION = "enforce_origin_controls"
LOOK = "DescribePackage"
LIST = "ListPackageVersions"
GROUP = "GetAssociatedPackageGroup"
WRITE = "PutPackageOriginConfiguration"
ARCHIVE = "UpdatePackageVersionsStatus"


def event(package: Package) -> str:
    """Return an event of CodeArtifact that names *package*."""
    message = json.loads(events.look_again(package))
    message |= {"source": events.SOURCE, "detail-type": events.DETAIL_TYPE}
    return json.dumps(message)


def deliver(stage: OriginStage, *bodies: str) -> list[str]:
    """Run the automation on messages with *bodies*; return the ids of those that failed."""
    return failures(app.enforce_in_batch(batch(*bodies), stage.to))


@pytest.fixture
def stage() -> OriginStage:
    """The automation in enforce mode, with nothing there yet."""
    return OriginStage()
