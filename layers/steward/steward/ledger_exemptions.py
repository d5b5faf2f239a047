"""What one item of the ledger tells of the exemptions of all packages together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Our choice: the clocks of whoever restores and of whoever sweeps may differ by as much, and an
# exemption is in the table some moments after the time it bears.
CLOCKS_MAY_DIFFER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ExemptionsAt:
    """
    What is known of the exemptions of all packages at the time of asking.

    Attributes:
        written: When the last one was written (UTC); ``None``: not known.
        until: No exemption holds from then on, unless another one is written (UTC); ``None``: not
            known.
    """

    written: datetime | None = None
    until: datetime | None = None

    def possible(self, now: datetime) -> bool:
        """Return whether an exemption may be in force: each package has to be asked about."""
        return self.until is None or now < self.until

    def written_since(self, moment: datetime) -> bool:
        """
        Return whether an exemption may have been written since *moment*.

        It also is if one was written in the :data:`CLOCKS_MAY_DIFFER` before.
        """
        return self.written is None or self.written > moment - CLOCKS_MAY_DIFFER


UNKNOWN_EXEMPTIONS: Final = ExemptionsAt()
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)  # before any exemption
NO_EXEMPTIONS: Final = ExemptionsAt(LONG_AGO, LONG_AGO)
