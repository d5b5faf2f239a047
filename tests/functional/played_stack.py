"""What tests of a local stack in their own process share: a client of it, and patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import botocore.session

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from cli.stack.stack import LocalStack

ACCOUNT = "012345678901"


def client(stack: LocalStack, service: str, account: str = ACCOUNT) -> BaseClient:
    """Return a client as anyone would make it, knowing only the endpoint."""
    session = botocore.session.Session()
    session.set_credentials(account, "anything")
    return session.create_client(service, region_name="us-west-2", endpoint_url=stack.endpoint)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return when *condition* holds; fail when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
