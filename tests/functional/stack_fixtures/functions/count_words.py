"""Writes texts to a bucket, counts their words and adds up: the tasks of `states.asl.yaml`."""

import json
import os
import time
from typing import TypedDict

import botocore.session


class NotYetError(Exception):
    """It works the second time."""


class UnreadableError(Exception):
    """It never works."""


class Counted(TypedDict, total=False):
    """What became of one text."""

    words: int
    done: bool
    key: str
    left_out: str


class Event(TypedDict, total=False):
    """What each step gets, by its name."""

    step: str
    run: str
    texts: list[str]
    batch: dict[str, str]
    counts: list[Counted]


_s3 = botocore.session.Session().create_client("s3")


def handler(event: Event, _: object) -> object:
    """Take the step that the event names."""
    return {"write": write, "count": count, "sum": total}[event["step"]](event)


def write(event: Event) -> object:
    """Put each text, and the list of them, into the bucket."""
    run = event["run"]
    keys = []
    for number, text in enumerate(event["texts"]):
        key = f"{run}/{number}.json"
        put(key, {"text": text})
        keys.append({"key": key})
    put(f"{run}/manifest.json", keys)
    return {"manifest": f"{run}/manifest.json"}


def put(key: str, document: object) -> None:
    """Put a document into the bucket."""
    _s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(document).encode())


def count(event: Event) -> Counted:
    """Count one text's words: some texts need a second attempt, a second look, or fail."""
    key = event["batch"]["key"]
    body = _s3.get_object(Bucket=os.environ["BUCKET"], Key=key)["Body"]
    text = json.loads(body.read())["text"]
    if text == "slow":
        time.sleep(8)
    if text == "unreadable":
        raise UnreadableError(key)
    if text == "broken":
        raise ValueError(key)
    again = f"{key}.again"
    seen = _s3.list_objects_v2(Bucket=os.environ["BUCKET"], Prefix=again)["KeyCount"]
    if text == "not yet" and not seen:
        put(again, {})
        raise NotYetError(key)
    if text == "two looks" and not seen:
        put(again, {})
        return {"words": 0, "done": False, "key": key}
    return {"words": len(text.split()), "done": True, "key": key}


def total(event: Event) -> object:
    """Add up."""
    counts = event["counts"]
    return {
        "words": sum(one["words"] for one in counts),
        "left_out": [one["left_out"] for one in counts if "left_out" in one],
    }
