"""What of CodeArtifact's quotas one worker of a sweep may use."""

from __future__ import annotations

from typing import Final

from steward.call_budget import Budget

# How many workers there are: MaxConcurrency of both maps in sweep.asl.yaml.
WORKERS: Final = 4
# "Quotas in AWS CodeArtifact" (User Guide), of an account and region: 200 lists, 800 reads and 100
# writes a second. 4 x 48 = 192 lists, 4 x 24 = 96 writes: near them, and a little is left for
# clocks that differ. 4 x 180 = 720 reads: builds read at the same time. The halves of a sweep run
# one after the other, so each may use all of it.
SHARE: Final = Budget(lists=192 / WORKERS, reads=720 / WORKERS, writes=96 / WORKERS)
# Our choice: a call takes about a tenth of a second, so a thread makes ten a second, and eight are
# more than the share of lists and writes allows.
THREADS: Final = 8
