"""
Invoke, of the API of Lambda: the one operation of it that reaches the stack's functions.

Lambda API Reference, Invoke. Step Functions and clients call a function by it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cli.stack.errors import FunctionError

SERVICE = "lambda"  # as requests for it are signed
PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")

Invoke = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(
    named: str, invocation_type: str, payload: bytes, find: Callable[[str], Invoke | None]
) -> Answer:
    """
    Invoke the function and return what Lambda would answer, when there is an answer.

    An error of the function is a success of the call: the payload has `errorType`, by which the
    Retry and Catch of a state machine know it, and `errorMessage`.

    Args:
        named: A name, or an ARN, whole or in part, with or without a version.
        invocation_type: `RequestResponse`; the others are not played.
        payload: The event.
        find: Returns what invokes the function of a name, None if there is none.
    """
    if invocation_type != "RequestResponse":
        message = f"the local stack invokes RequestResponse only, not {invocation_type}"
        return _refusal(400, "InvalidParameterValueException", message)
    name = _name(named)
    invoke = find(name)
    if invoke is None:
        return _refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
    executed = {"X-Amz-Executed-Version": "$LATEST"}
    try:
        return Answer(200, invoke(payload or b"{}"), executed)
    except FunctionError as error:
        report = {"errorMessage": error.message, "errorType": error.error_type}
        failed = {**executed, "X-Amz-Function-Error": "Unhandled"}
        return Answer(200, json.dumps(report).encode(), failed)


def _name(named: str) -> str:
    """Return the name in `[arn:aws:lambda:REGION:][ACCOUNT:function:]NAME[:VERSION]`."""
    _, separator, after = named.rpartition("function:")
    return (after if separator else named).split(":")[0]


def _refusal(status: int, kind: str, message: str) -> Answer:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return Answer(status, body, {"X-Amzn-ErrorType": kind})
