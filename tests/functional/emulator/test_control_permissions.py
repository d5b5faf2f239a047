"""Permissions policies: stored under revision locks, evaluated for callers of other accounts."""

from __future__ import annotations

import json

import pytest

from emulator.core import access, policy_language
from emulator.core.errors import AccessDenied, Validation
from emulator.core.values import Caller, DomainId, RepositoryId
from tests.functional.local_codeartifact import Local

OWNER = "012345678901"
OTHER = "210987654321"
THIRD = "333333333333"
ANYONE: dict[str, object] = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "codeartifact:*",
    "Resource": "*",
}


def policy(*statements: dict[str, object]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def shared(local: Local) -> Local:
    """Hold a domain with one repository."""
    client = local.client()
    client.create_domain(domain="my-company")
    client.create_repository(domain="my-company", repository="releases")
    return local


def put_repository_policy(local: Local, *statements: dict[str, object]) -> None:
    """The repository has a policy of *statements*."""
    local.client().put_repository_permissions_policy(
        domain="my-company", repository="releases", policyDocument=policy(*statements)
    )


def may_list(local: Local, account: str = OTHER) -> bool:
    """Whether *account* may list the repository's packages."""
    client = local.client(account)
    try:
        client.list_packages(domain="my-company", domainOwner=OWNER, repository="releases")
    except client.exceptions.AccessDeniedException:
        return False
    return True


def test_another_account_needs_an_allow(shared: Local) -> None:
    """Without a policy other accounts are refused in IAM's words; the own account is not."""
    client = shared.client(OTHER)
    with pytest.raises(client.exceptions.AccessDeniedException) as refused:
        client.list_packages(domain="my-company", domainOwner=OWNER, repository="releases")
    message = refused.value.response["Error"]["Message"]
    assert message.startswith(
        f"User: arn:aws:iam::{OTHER}:user/{OTHER} is not authorized to perform: "
        "codeartifact:ListPackages on resource: "
        f"arn:aws:codeartifact:us-west-2:{OWNER}:repository/my-company/releases"
    )
    assert may_list(shared, OWNER)


PRINCIPALS = [
    ("everybody", "*", True),
    ("everybody, as AWS principal", {"AWS": "*"}, True),
    ("the account's number", {"AWS": OTHER}, True),
    ("the account's root", {"AWS": f"arn:aws:iam::{OTHER}:root"}, True),
    ("one of several accounts", {"AWS": [THIRD, OTHER]}, True),
    ("the very user", {"AWS": f"arn:aws:iam::{OTHER}:user/{OTHER}"}, True),
    ("another user of the account", {"AWS": f"arn:aws:iam::{OTHER}:user/somebody"}, False),
    ("another account", {"AWS": THIRD}, False),
    ("a service", {"Service": "codebuild.amazonaws.com"}, False),
]


@pytest.mark.parametrize(
    ("principal", "allowed"), [row[1:] for row in PRINCIPALS], ids=[row[0] for row in PRINCIPALS]
)
def test_an_allow_is_for_its_principals(shared: Local, principal: object, *, allowed: bool) -> None:
    """An Allow reaches exactly those whom its Principal names."""
    put_repository_policy(shared, {**ANYONE, "Principal": principal})
    assert may_list(shared) is allowed


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        pytest.param({"Action": "codeartifact:ListPackages"}, True, id="the action itself"),
        pytest.param({"Action": "codeartifact:List*"}, True, id="a wildcard over actions"),
        pytest.param({"Action": "codeartifact:listpackages"}, True, id="another case"),
        pytest.param({"Action": "codeartifact:ReadFromRepository"}, False, id="another action"),
        pytest.param({"Resource": f"arn:aws:codeartifact:*:{OWNER}:repository/my-company/*"},
                     True, id="a wildcard over the repository"),
        pytest.param({"Resource": f"arn:aws:codeartifact:us-west-2:{OWNER}:package/*"},
                     False, id="only packages of the repository"),
    ],
)  # fmt: skip
def test_an_allow_is_for_its_actions_and_resources(
    shared: Local, change: dict[str, object], *, allowed: bool
) -> None:
    """Action and Resource are matched with wildcards."""
    put_repository_policy(shared, {**ANYONE, **change})
    assert may_list(shared) is allowed


def test_not_action_and_not_resource_cover_everything_else(shared: Local) -> None:
    """The Not forms reach what they do not name."""
    statement = {k: v for k, v in ANYONE.items() if k not in {"Action", "Resource"}}
    put_repository_policy(
        shared,
        {
            **statement,
            "NotAction": "codeartifact:Delete*",
            "NotResource": f"arn:aws:codeartifact:us-west-2:{OWNER}:package/*",
        },
    )
    client = shared.client(OTHER)
    assert may_list(shared)
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.delete_repository(domain="my-company", domainOwner=OWNER, repository="releases")


def test_a_deny_outweighs_an_allow_and_binds_the_own_account(shared: Local) -> None:
    """An explicit Deny refuses whoever it names."""
    put_repository_policy(
        shared, ANYONE, {**ANYONE, "Effect": "Deny", "Action": "codeartifact:ListPackages"}
    )
    assert not may_list(shared, OTHER)
    assert not may_list(shared, OWNER)


def test_an_owner_cannot_lock_itself_out(shared: Local) -> None:
    """The present policy has no say in who may replace it."""
    put_repository_policy(shared, {**ANYONE, "Effect": "Deny"})
    assert not may_list(shared, OWNER)
    put_repository_policy(shared, ANYONE)
    assert may_list(shared, OWNER)


def test_no_policy_lets_another_account_write_policies(shared: Local) -> None:
    """Editing policies cannot be delegated across accounts."""
    put_repository_policy(shared, ANYONE)
    client = shared.client(OTHER)
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.put_repository_permissions_policy(
            domain="my-company",
            domainOwner=OWNER,
            repository="releases",
            policyDocument=policy(ANYONE),
        )


ALLOWED, DENIED = True, False
CONDITIONS = [
    ("the account matches", {"StringEquals": {"aws:PrincipalAccount": OTHER}}, ALLOWED),
    ("keys compare without case", {"stringequals": {"AWS:principalaccount": OTHER}}, ALLOWED),
    ("the account differs", {"StringEquals": {"aws:PrincipalAccount": THIRD}}, DENIED),
    ("any value suffices", {"StringEquals": {"aws:PrincipalAccount": [THIRD, OTHER]}}, ALLOWED),
    ("no value may match", {"StringNotEquals": {"aws:PrincipalAccount": [THIRD, OTHER]}}, DENIED),
    ("the ARN is like it", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:*"}}, ALLOWED),
    ("the ARN is not like it", {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::3*"}}, ALLOWED),
    ("no account has an organisation", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, DENIED),
    ("absent keys pass IfExists", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, ALLOWED),
    ("absent keys pass a negation", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, ALLOWED),
    ("Null says that it is absent", {"Null": {"aws:PrincipalOrgID": True}}, ALLOWED),
    ("an unknown operator never grants", {"NumericEquals": {"aws:PrincipalAccount": 1}}, DENIED),
    ("an unknown key never grants", {"StringEquals": {"aws:SourceVpce": "vpce-1"}}, DENIED),
    (
        "all conditions must hold",
        {"StringEquals": {"aws:PrincipalAccount": OTHER, "aws:PrincipalArn": "nobody"}},
        DENIED,
    ),
]


@pytest.mark.parametrize(
    ("condition", "allowed"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_a_condition_decides_whether_an_allow_grants(
    shared: Local, condition: dict[str, object], *, allowed: bool
) -> None:
    """An Allow grants while all its conditions are known to hold."""
    put_repository_policy(shared, {**ANYONE, "Condition": condition})
    assert may_list(shared) is allowed


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        pytest.param({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, True, id="an unknown key"),
        pytest.param({"IpAddress": {"aws:PrincipalAccount": "1"}}, True, id="an unknown operator"),
        pytest.param(
            {"StringEquals": {"aws:PrincipalAccount": THIRD}}, False, id="another account"
        ),
        pytest.param(
            {"StringEquals": {"aws:PrincipalAccount": THIRD, "aws:SourceVpce": "vpce-1"}},
            False,
            id="another account, whatever the unknown key",
        ),
    ],
)
def test_a_deny_applies_when_in_doubt(
    shared: Local, condition: dict[str, object], *, denied: bool
) -> None:
    """A Deny whose condition cannot be understood denies, unless another condition fails."""
    put_repository_policy(shared, ANYONE, {**ANYONE, "Effect": "Deny", "Condition": condition})
    assert may_list(shared) is not denied


def test_domain_policies_govern_the_domain_alone(shared: Local) -> None:
    """A domain policy opens the domain's actions, such as tokens, and no repository."""
    shared.client().put_domain_permissions_policy(
        domain="my-company", policyDocument=policy(ANYONE)
    )
    assert shared.token("my-company", OTHER)
    assert not may_list(shared)


def test_an_allowed_account_creates_and_administers_its_own_repository(shared: Local) -> None:
    """CreateRepository is granted in the domain's policy; the creator becomes administrator."""
    owner, other = shared.client(), shared.client(OTHER)
    with pytest.raises(other.exceptions.AccessDeniedException):
        other.create_repository(domain="my-company", domainOwner=OWNER, repository="theirs")
    owner.put_domain_permissions_policy(domain="my-company", policyDocument=policy(ANYONE))
    created = other.create_repository(domain="my-company", domainOwner=OWNER, repository="theirs")
    assert created["repository"]["administratorAccount"] == OTHER
    other.list_packages(domain="my-company", domainOwner=OWNER, repository="theirs")
    listed = other.list_repositories()["repositories"]
    assert [each["name"] for each in listed] == ["theirs"]


def test_an_upstream_of_another_administrator_must_allow_it(shared: Local) -> None:
    """AssociateWithDownstreamRepository is asked of the upstream."""
    shared.client().put_domain_permissions_policy(
        domain="my-company", policyDocument=policy(ANYONE)
    )
    other = shared.client(OTHER)

    def create() -> None:
        other.create_repository(
            domain="my-company",
            domainOwner=OWNER,
            repository="theirs",
            upstreams=[{"repositoryName": "releases"}],
        )

    with pytest.raises(other.exceptions.AccessDeniedException):
        create()
    put_repository_policy(
        shared, {**ANYONE, "Action": "codeartifact:AssociateWithDownstreamRepository"}
    )
    create()


def test_a_copy_needs_reading_there_and_copying_here(shared: Local) -> None:
    """The source's policy must allow ReadFromRepository, the destination's the copy."""
    owner, other = shared.client(), shared.client(OTHER)
    owner.create_repository(domain="my-company", repository="approved")
    shared.seed(
        {
            "domains": [
                {
                    "name": "my-company",
                    "repositories": [
                        {
                            "name": "releases",
                            "packages": [
                                {
                                    "format": "pypi",
                                    "package": "requests",
                                    "versions": [{"version": "2.26.0"}],
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    def copied() -> bool:
        try:
            answer = other.copy_package_versions(
                domain="my-company",
                domainOwner=OWNER,
                sourceRepository="releases",
                destinationRepository="approved",
                format="pypi",
                package="requests",
                versions=["2.26.0"],
            )
        except other.exceptions.AccessDeniedException:
            return False
        return list(answer["successfulVersions"]) == ["2.26.0"]

    put_repository_policy(shared, {**ANYONE, "Action": "codeartifact:ReadFromRepository"})
    assert not copied()
    owner.put_repository_permissions_policy(
        domain="my-company",
        repository="approved",
        policyDocument=policy({**ANYONE, "Action": "codeartifact:CopyPackageVersions"}),
    )
    assert copied()


def test_policies_are_locked_by_their_revision(shared: Local) -> None:
    """A stale revision is a conflict, the current one replaces and deletes."""
    client = shared.client()
    first = client.put_domain_permissions_policy(
        domain="my-company", policyDocument=policy(ANYONE)
    )["policy"]
    assert first["resourceArn"] == f"arn:aws:codeartifact:us-west-2:{OWNER}:domain/my-company"
    second = client.put_domain_permissions_policy(
        domain="my-company", policyDocument=policy(ANYONE), policyRevision=first["revision"]
    )["policy"]
    assert second["revision"] != first["revision"]
    with pytest.raises(client.exceptions.ConflictException) as refused:
        client.put_domain_permissions_policy(
            domain="my-company", policyDocument=policy(ANYONE), policyRevision=first["revision"]
        )
    assert refused.value.response["resourceType"] == "domain"
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_domain_permissions_policy(
            domain="my-company", policyRevision=first["revision"]
        )
    found = client.get_domain_permissions_policy(domain="my-company")["policy"]
    assert found == second
    client.delete_domain_permissions_policy(domain="my-company", policyRevision=second["revision"])
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_domain_permissions_policy(domain="my-company")


def test_a_deleted_repository_takes_its_policy_along(shared: Local) -> None:
    """A new repository of the same name begins without one."""
    client = shared.client()
    put_repository_policy(shared, ANYONE)
    client.delete_repository(domain="my-company", repository="releases")
    client.create_repository(domain="my-company", repository="releases")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_repository_permissions_policy(domain="my-company", repository="releases")


BROKEN = {
    "no JSON": "{",
    "no object": "[]",
    "no statement": "{}",
    "an empty list of statements": '{"Statement": []}',
    "another version of the language": policy(ANYONE).replace("2012-10-17", "2013-01-01"),
    "an unknown element": policy({**ANYONE, "Actions": "*"}),
    "an effect of its own": policy({**ANYONE, "Effect": "Permit"}),
    "no principal": policy({k: v for k, v in ANYONE.items() if k != "Principal"}),
    "both forms of an element": policy({**ANYONE, "NotAction": "codeartifact:*"}),
    "an allow for all but some": policy(
        {"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "*", "Resource": "*"}
    ),
    "half an account number": policy({**ANYONE, "Principal": {"AWS": "2109*"}}),
    "an action without its service": policy({**ANYONE, "Action": "ListPackages"}),
    "a resource that is no ARN": policy({**ANYONE, "Resource": "releases"}),
    "a condition that is no object": policy({**ANYONE, "Condition": "always"}),
    "a policy variable": policy({**ANYONE, "Resource": "arn:aws:codeartifact:${aws:x}"}),
    "a bomb of brackets": "[" * 5000,
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_policy_is_a_validation_exception(shared: Local, document: str) -> None:
    """Nothing is stored that could not be evaluated."""
    client = shared.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.put_repository_permissions_policy(
            domain="my-company", repository="releases", policyDocument=document
        )
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_repository_permissions_policy(domain="my-company", repository="releases")


def test_the_core_refuses_the_same(shared: Local) -> None:
    """`access.authorize` is what both planes ask."""
    repository = RepositoryId(DomainId(OWNER, "my-company"), "releases")
    caller = Caller(OTHER, f"arn:aws:iam::{OTHER}:user/x")
    with pytest.raises(AccessDenied):
        access.authorize(
            shared.state,
            caller,
            "codeartifact:ReadFromRepository",
            f"arn:aws:codeartifact:us-west-2:{OWNER}:repository/my-company/releases",
            repository=repository,
        )
    with pytest.raises(Validation):
        policy_language.parse("{}")
