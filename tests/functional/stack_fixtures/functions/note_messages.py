"""Does to each message what the message asks for; the tests of the local stack read its log."""

import json
import os
import sys
import time
from collections.abc import Mapping

import shared_words


def handler(event: Mapping[str, list[dict[str, str]]], context: object) -> object:
    """Report the messages that say `fail`; end, hang or raise for those that say so."""
    failures = []
    begun = {"batch": len(event["Records"]), "pid": os.getpid(), "at": time.monotonic_ns()}
    sys.stdout.write(json.dumps(begun) + "\n")
    for record in event["Records"]:
        body = record["body"]
        if body == "raise":
            raise ValueError(body)
        if body == "exit":
            os._exit(3)
        if body == "hang":
            time.sleep(60)
        if body == "describe":
            remaining = context.get_remaining_time_in_millis()  # type: ignore[attr-defined]  # Lambda's context has no type
            return {
                "environment": dict(os.environ),
                "path": sys.path,
                "modules": [name for name in ("cli", "emulator", "botocore") if _importable(name)],
                "remaining": remaining,
                "now": time.time(),
                "greeting": shared_words.GREETING,
                "policy": _text(os.environ["POLICY"]),
            }
        if body == "fail":
            failures.append({"itemIdentifier": record["messageId"]})
        sys.stdout.write(f"noted {body}\n")
    return {"batchItemFailures": failures}


def _importable(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  few imports: the start is measured
        return file.read()
