"""What is logged during a test."""

from __future__ import annotations

from dataclasses import dataclass

import pytest


@dataclass
class Lines:
    """What is logged during a test."""

    caplog: pytest.LogCaptureFixture

    def of(self, message: str) -> list[dict[str, object]]:
        """Return the keys of the lines with *message*."""
        return [vars(record) for record in self.caplog.records if record.getMessage() == message]

    def messages(self) -> list[str]:
        """Return all messages in order."""
        return [record.getMessage() for record in self.caplog.records]
