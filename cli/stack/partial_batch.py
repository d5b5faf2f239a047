"""Which messages of a batch a function has failed, from what it answered."""

import json
from collections.abc import Collection


def failed_messages(response: bytes, message_ids: Collection[str]) -> set[str]:
    """
    Return the ids of the messages that stay in the queue.

    The rules for `ReportBatchItemFailures` (Lambda Developer Guide, "Implementing partial batch
    responses"):

    - an empty or null response, and an empty or null `batchItemFailures`, is success of all;
    - each `itemIdentifier` names a failed message;
    - a response that is no JSON object, an entry without identifier, an empty or null identifier,
      and one that is not in the batch, is failure of all.
    """
    reported = _reported(response)
    batch = set(message_ids)
    if not all(isinstance(identifier, str) and identifier in batch for identifier in reported):
        return batch
    return {str(identifier) for identifier in reported}


def _reported(response: bytes) -> list[object]:
    """Return the identifiers in a response; None stands for anything that is not one."""
    try:
        answer = json.loads(response or b"null")
    except ValueError:
        return [None]
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None:
        return []
    if not isinstance(answer, dict) or not isinstance(failures, list):
        return [None]
    return [item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures]
