"""`steward groups`: package groups become what the policy declares."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options
from cli.aws import domain_owner_option
from cli.output import print_json, stderr, stdout

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_SECTION = (
    "the policy has no `groups` section: the package groups of the domain {domain} are left as\n"
    "they are. `groups: []` would remove those that an earlier policy declared."
)


@click.command("groups", short_help="Bring package groups to what the policy declares.")
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be done.")
@options.policy_option
@domain_owner_option
@options.json_option
@click.pass_context
def groups_command(
    context: click.Context,
    *,
    only_plan: bool,
    policy_path: Path,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Bring the domain's package groups to what the policy's `groups` say.

    Declared groups are created and changed. A group that is no longer declared is removed if this
    command made it (it has the tag codeartifact-steward=policy); `groups: []` removes all of those.
    Any other group is left, and so are all if the policy has no `groups` section. Allowed
    repositories are compared only where the policy has an `allow_in`.

    It needs no deployment, only your AWS credentials; AWS_ENDPOINT_URL leads it to a local stack.

    The exit status is 0 if all is as the policy says (with --plan: if a plan could be made), 1 if
    something was refused; the other groups are changed nevertheless.
    """
    from cli import aws, group_tables, policies
    from enforce_origin_controls import groups_apply
    from steward.package_groups import PackageGroups

    policy = policies.loaded_policy(policy_path)
    if policy.groups is None:
        if as_json:
            print_json({"ok": True, "domain": policy.domain, "groups": None})
        else:
            click.echo(_NO_SECTION.format(domain=policy.domain))
        return
    mine = aws.connect()
    groups = PackageGroups(
        mine.codeartifact(),
        domain=policy.domain,
        domain_owner=aws.domain_owner(mine, domain_owner),
    )
    remedy = f"Is the domain {policy.domain} another account's? Then give --domain-owner."
    if domain_owner:
        remedy = f"Is {domain_owner} the account of the domain {policy.domain}, in {mine.region}?"
    with stderr().status("") as status:  # which a terminal alone shows
        progress: Callable[[str], None] = status.update
        with aws.explained(otherwise=remedy):
            plan = groups_apply.planned(groups, policy.groups, progress=progress)
        outcomes = [] if only_plan else groups_apply.apply(plan, groups, progress=progress)
    if only_plan:
        if as_json:
            print_json({"ok": True, **group_tables.plan_document(plan, policy.domain)})
        else:
            command = f"steward groups{options.as_given('--policy', '--domain-owner')}"
            group_tables.show_plan(plan, policy.domain, stdout(), command=command)
        return
    if as_json:
        print_json(group_tables.outcomes_document(outcomes, policy.domain))
    else:
        group_tables.show_outcomes(outcomes, policy.domain, stdout())
    if not all(one.as_declared for one in outcomes):
        context.exit(1)
