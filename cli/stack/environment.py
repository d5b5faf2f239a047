"""What the process's environment says while a stack runs: this machine's stack, nothing of AWS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Variables that lead boto3 and botocore to a developer's profile, which may not even exist.
_PROFILE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_LOOPBACK = ("127.0.0.1", "localhost")


@contextmanager
def local_environment(region: str) -> Iterator[None]:
    """
    Keep the developer's AWS profile and the company's proxy away from the stack's own clients.

    Clients of this process, SAM's transform among them, find *region*, no profile, and no proxy
    before the loopback address. What was there before comes back at the end.
    """
    bypassed = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    no_proxy = ",".join(dict.fromkeys((*filter(None, bypassed.split(",")), *_LOOPBACK)))
    wanted: dict[str, str | None] = {
        **dict.fromkeys(_PROFILE),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": region,
        # Both spellings: urllib and botocore read the first, other programs the second.
        "no_proxy": no_proxy,
        "NO_PROXY": no_proxy,
    }
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
