"""Who may do what: the permissions policies, for callers of the own and of other accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core import policies, policy_language, repositories
from emulator.core.errors import AccessDenied, ResourceNotFound
from emulator.core.values import Caller, DomainId, RepositoryId

if TYPE_CHECKING:
    from emulator.core.state import State

ADMINISTERING = frozenset(
    {"codeartifact:PutDomainPermissionsPolicy", "codeartifact:PutRepositoryPermissionsPolicy"}
)
"""The existing policy has no say in these (API Reference): an owner cannot lock itself out."""


def authorize(
    state: State,
    caller: Caller,
    action: str,
    resource_arn: str,
    *,
    domain: DomainId | None = None,
    repository: RepositoryId | None = None,
) -> None:
    """
    Return if *caller* may do *action* (``codeartifact:X``) to *resource_arn*.

    The policy asked is that of *domain* or *repository*, whichever is given; a repository's
    policy covers its packages, a domain's its package groups.

    - The account that owns the domain, or administers the repository, may do everything that no
      Deny forbids: its identities are taken to have every permission.
    - Another account needs an Allow; its identity policies are taken to allow everything too.
    - `ADMINISTERING` is the own account's alone.

    Source: User Guide, "Repository policies", "Domain policies"; IAM User Guide, "Policy
    evaluation logic".

    Raises:
        AccessDenied: It may not.
    """
    resource = domain if domain is not None else repository
    assert resource is not None  # noqa: S101  one of them is always given
    own = _is_own(state, caller, resource)
    if action in ADMINISTERING:
        if not own:
            raise _denied(caller, action, resource_arn, "only the own account may")
        return
    policy = policies.find(state, resource)
    verdict: policy_language.Verdict = "silent"
    if policy is not None:
        verdict = policy_language.verdict(
            policy_language.parsed(policy.document),
            caller=caller,
            action=action,
            resource=resource_arn,
        )
    if verdict == "deny":
        raise _denied(caller, action, resource_arn, "with an explicit deny in the resource policy")
    if verdict == "silent" and not own:
        raise _denied(caller, action, resource_arn, "because no resource policy allows it")


def _is_own(state: State, caller: Caller, resource: DomainId | RepositoryId) -> bool:
    domain = resource if isinstance(resource, DomainId) else resource.domain
    if caller.account == domain.owner:
        return True
    if isinstance(resource, DomainId):
        return False
    try:
        return repositories.describe(state, resource).administrator == caller.account
    except ResourceNotFound:
        return False


def _denied(caller: Caller, action: str, resource_arn: str, reason: str) -> AccessDenied:
    return AccessDenied(
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource_arn} "
        f"{reason}"
    )
