"""
Find out what the policy wants of every package of a domain, and tell what a sweep came to.

Trigger: the state machine ``SweepRepositoriesStateMachine`` (``sweep.asl.yaml``), which the
schedule ``SweepRepositoriesSchedule`` and ``steward sweep`` start: the steps ``begin``, ``list``,
``gather``, ``weigh`` and ``summarize``.
Decision: :mod:`sweep_repositories.gathering`, with the functions that decide on events; and
:mod:`sweep_repositories.weighing`, by the policy's ``limits``.
Effect: none in CodeArtifact; files of the sweep, metrics, a notice, a message to a person, and, the
first time, one item of the ledger, which tells of all exemptions.
Undo: nothing to undo. What :mod:`sweep_repositories.apply_app` does has its own.

This half has no right to change anything in CodeArtifact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Final, cast

from promote_versions.records_table import DynamoDbRecords
from steward import clients, ledger
from steward import codeartifact as gateway
from steward.attention import SnsAttention
from steward.cache_rules import LOCKED_FILE, load_locked
from steward.coordinates import Package, Restrictions
from steward.deployed import settings_and_policy
from steward.invocation import Invocation, time_left
from steward.observability import flush_metrics
from steward.sweep_notices import BusSweepNotices
from sweep_repositories.batch_gathering import gather_batch
from sweep_repositories.beginning import begin
from sweep_repositories.collaborators import Deployed, Planning
from sweep_repositories.executions import StatesExecutions
from sweep_repositories.gathering import Gathering, gather_package, needs_a_look
from sweep_repositories.listing import list_packages
from sweep_repositories.objects import connect_objects
from sweep_repositories.plan_lines import PackagePlan
from sweep_repositories.runs import SweepEventError
from sweep_repositories.shares import SHARE
from sweep_repositories.summarizing import summarize
from sweep_repositories.weighing import weigh

# Our choice: what is begun is finished. A package with 10,000 versions takes ten lists; where their
# order cannot be relied on, one call for each version of which the age matters: 10,000 / 180 s.
MILLISECONDS_TO_END: Final = 180_000
STEPS: Final = ("begin", "list", "gather", "weigh", "summarize")


def handler(event: object, context: Invocation | None) -> Mapping[str, object]:
    """Do the step of a sweep that *event* asks for; return where the sweep is then."""
    enough = time_left(context, milliseconds=MILLISECONDS_TO_END)
    return step(event, planning(), time_left=enough)


def step(
    event: object, to: Planning, *, time_left: Callable[[], bool] = lambda: True
) -> Mapping[str, object]:
    """
    Do the step that *event* asks for.

    Raises:
        SweepEventError: There is no such step here.
    """
    said = cast("Mapping[str, object]", event) if isinstance(event, dict) else {}
    match said.get("step"):
        case "begin":
            return begin(said, to)
        case "list":
            return list_packages(said, to, time_left=time_left)
        case "gather":
            answer = gather_batch(said, to, time_left=time_left)
            flush_metrics()
            return answer
        case "weigh":
            return weigh(said, to)
        case "summarize":
            answer = summarize(said, to)
            flush_metrics()
            return answer
        case other:
            raise SweepEventError(f"step is {other!r:.200}; this function knows {STEPS}")


@cache
def planning() -> Planning:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy(queue=False, retention=True)
    calls = gateway.connect_budget(SHARE)
    codeartifact = gateway.connect("observe")
    times = gateway.connect_published_times()
    kept = ledger.connect("observe", chosen.needed("ledger_table"))
    records = DynamoDbRecords(chosen.needed("promotions_table")) if policy.promotions else None
    locked = load_locked(chosen.policy.parent / LOCKED_FILE)

    def looks() -> Callable[[Package, Restrictions], PackagePlan]:
        gathering = Gathering(
            codeartifact=codeartifact,
            times=times,
            policy=policy,
            locked=locked,
            ledger=kept,
            exemptions=kept.exemptions_at(),
            records=records,
            now=_now,
        )
        return lambda package, restrictions: gather_package(package, restrictions, gathering)

    return Planning(
        deployed=Deployed(chosen.mode, policy),
        objects=connect_objects(chosen.needed("sweeps_bucket")),
        executions=StatesExecutions(clients.step_functions()),
        lists=gateway.connect_domain_lists(),
        needs_a_look=lambda package, restrictions: needs_a_look(package, restrictions, policy),
        looks=looks,
        settle_exemptions=kept.settle_exemptions,
        calls_made=lambda: calls.made,
        notices=BusSweepNotices(),
        attention=SnsAttention(chosen.attention_topic),
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
