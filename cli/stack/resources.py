"""Applies a translated template: creates what can be played here, and names what cannot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from cli.stack.created import Created
from cli.stack.errors import ResourceError, TemplateError
from cli.stack.intrinsics import Scope, references
from cli.stack.json_types import Document, as_document
from cli.stack.services import Services
from cli.stack.template import Template

STACK_NAME = "codeartifact-steward"

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
EVENT_SOURCE = "AWS::Lambda::EventSourceMapping"
SCHEDULE = "AWS::Scheduler::Schedule"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
BUCKET = "AWS::S3::Bucket"

_WHY_NOT = {
    "AWS::IAM::Role": "permissions of roles are not enforced",
    "AWS::IAM::Policy": "permissions of roles are not enforced",
    "AWS::IAM::ManagedPolicy": "permissions of roles are not enforced",
    "AWS::Lambda::Permission": "permissions of functions are not enforced",
    "AWS::S3::BucketPolicy": "policies of buckets are not enforced",
    "AWS::CloudWatch::Alarm": "no metrics are collected, so no alarm rings",
    "AWS::CloudWatch::CompositeAlarm": "no metrics are collected, so no alarm rings",
    "AWS::CloudWatch::Dashboard": "no metrics are collected",
}

_WITH_CONTENTS = {"AWS::DynamoDB::Table", BUCKET}
_KEPT = {"Retain", "RetainExceptOnCreate"}
_BUCKET_GUARDS = {"BucketEncryption", "PublicAccessBlockConfiguration"}


@dataclass(frozen=True, slots=True)
class Unplayed:
    """A part of the template that has no effect here, and why."""

    resource_type: str
    reason: str
    logical_ids: tuple[str, ...]


@dataclass(slots=True)
class Applied:
    """A template in force: what was created, and what the stack itself has to run."""

    scope: Scope
    functions: dict[str, Document] = field(default_factory=dict)  # by logical id, resolved
    layers: dict[str, Document] = field(default_factory=dict)  # by ARN, resolved
    event_sources: dict[str, Document] = field(default_factory=dict)  # by logical id, resolved
    schedules: dict[str, Document] = field(default_factory=dict)  # by logical id, resolved
    state_machines: dict[str, Document] = field(default_factory=dict)  # by logical id, resolved
    unplayed: list[Unplayed] = field(default_factory=list)

    def function_name(self, logical_id: str) -> str:
        """Return the physical name of a function."""
        return str(self.scope.references[logical_id])


def apply_template(
    template: Template,
    *,
    parameters: dict[str, str],
    services: Services,
    account: str,
    region: str,
    only: str = "",
) -> Applied:
    """
    Create the resources of the template, each after those that it refers to.

    Functions, layers, event source mappings, schedules and state machines are resolved and handed
    back: they are run by the stack, or made when they are first wanted. Resources whose `Condition`
    is false are left out; one whose type does not begin with *only* is named instead of created.

    Raises:
        TemplateError: An expression cannot be resolved, or resources refer to each other in a ring.
        ResourceError: A service refused a resource.
    """
    scope = Scope(
        parameters=_parameters(template, parameters, account, region),
        conditions=template.conditions,
        mappings=template.mappings,
    )
    applied = Applied(scope)
    unplayed: dict[tuple[str, str], list[str]] = {}
    arns = _Arns(account, region)
    for logical_id in _in_order(template, scope):
        resource = template.resources[logical_id]
        resource_type = str(resource["Type"])
        if not resource_type.startswith(only):
            created = arns.stand_in(logical_id, resource_type)
            reason = "of this template, only what is CodeArtifact's is made"
            unplayed.setdefault((resource_type, reason), []).append(logical_id)
            _enter(scope, logical_id, created)
            continue
        creator = services.creators.get(resource_type)
        if resource_type in {FUNCTION, LAYER, EVENT_SOURCE, SCHEDULE, STATE_MACHINE}:
            created = _keep(applied, logical_id, resource_type, _resolved(scope, resource), arns)
        elif creator is not None:
            created = _create(creator, logical_id, resource_type, _resolved(scope, resource))
        else:
            created = arns.stand_in(logical_id, resource_type)
            reason = _WHY_NOT.get(resource_type, "the local stack does not play this type")
            unplayed.setdefault((resource_type, reason), []).append(logical_id)
        for reason in (
            *_unplayed_parts(resource),
            *_unplayed_parts_of_a_schedule(applied.schedules.get(logical_id)),
            *_unplayed_parts_of_an_event_source(applied.event_sources.get(logical_id)),
        ):
            unplayed.setdefault((resource_type, reason), []).append(logical_id)
        _enter(scope, logical_id, created)
    applied.unplayed = [Unplayed(*key, tuple(ids)) for key, ids in sorted(unplayed.items())]
    return applied


def _enter(scope: Scope, logical_id: str, created: Created) -> None:
    """Let expressions refer to a resource from now on."""
    scope.references[logical_id] = created.reference
    for name, value in created.attributes.items():
        scope.attributes[logical_id, name] = value


@dataclass(frozen=True, slots=True)
class _Arns:
    """Names for what moto does not hold."""

    account: str
    region: str

    def stand_in(self, logical_id: str, resource_type: str) -> Created:
        """Return a name and an ARN of the right form for a resource that does not exist."""
        name = f"{STACK_NAME}-{logical_id}"
        _, service, kind = resource_type.split("::")[:3]
        region = "" if service == "IAM" else self.region
        arn = f"arn:aws:{service.lower()}:{region}:{self.account}:{kind.lower()}/{name}"
        return Created(name, {"Arn": arn})

    def function(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"

    def schedule(self, group: str, name: str) -> str:
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule/{group}/{name}"

    def state_machine(self, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"

    def layer(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{name}:1"


def _keep(
    applied: Applied, logical_id: str, resource_type: str, properties: Document, arns: _Arns
) -> Created:
    """Keep a resource that the stack runs itself, under the names it would have in AWS."""
    if resource_type == FUNCTION:
        name = str(properties.get("FunctionName", f"{STACK_NAME}-{logical_id}"))
        applied.functions[logical_id] = properties
        return Created(name, {"Arn": arns.function(name)})
    if resource_type == LAYER:
        arn = arns.layer(str(properties.get("LayerName", logical_id)))
        applied.layers[arn] = properties
        return Created(arn, {"LayerVersionArn": arn})
    if resource_type == SCHEDULE:
        name = str(properties.get("Name", f"{STACK_NAME}-{logical_id}"))
        applied.schedules[logical_id] = properties
        return Created(
            name, {"Arn": arns.schedule(str(properties.get("GroupName", "default")), name)}
        )
    if resource_type == STATE_MACHINE:
        name = str(properties.get("StateMachineName", f"{STACK_NAME}-{logical_id}"))
        arn = arns.state_machine(name)
        applied.state_machines[logical_id] = properties
        return Created(arn, {"Arn": arn, "Name": name})
    applied.event_sources[logical_id] = properties
    return Created(f"{STACK_NAME}-{logical_id}", {"Id": logical_id})


def _create(
    creator: Callable[[str, Document], Created],
    logical_id: str,
    resource_type: str,
    properties: Document,
) -> Created:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return creator(f"{STACK_NAME}-{logical_id}", properties)
    except (BotoCoreError, ClientError) as error:
        raise ResourceError(logical_id, resource_type, str(error)) from error
    except KeyError as error:
        reason = f"it lacks the property {error.args[0]}"
        raise ResourceError(logical_id, resource_type, reason) from error


def _resolved(scope: Scope, resource: Document) -> Document:
    return as_document(scope.resolve(resource.get("Properties", {})), "Properties")


def _unplayed_parts(resource: Document) -> Iterator[str]:
    """Yield what of a played resource has no effect here."""
    properties = as_document(resource.get("Properties", {}), "Properties")
    resource_type = resource["Type"]
    if resource_type == "AWS::DynamoDB::Table" and "TimeToLiveSpecification" in properties:
        yield "items stay when their time is over"
    if resource.get("DeletionPolicy") in _KEPT and resource_type in _WITH_CONTENTS:
        yield "it ends with the stack"
    if resource_type == "AWS::SNS::Topic" and "email" in str(properties.get("Subscription")):
        yield "no email is sent"
    if resource_type == BUCKET and "LifecycleConfiguration" in properties:
        yield "objects stay when their time is over"
    if resource_type == BUCKET and _BUCKET_GUARDS & properties.keys():
        yield "nothing of it is encrypted, and everybody may read it"
    if resource_type == STATE_MACHINE and "LoggingConfiguration" in properties:
        yield "executions write no log; their history can be asked for"
    if resource_type == STATE_MACHINE and "TracingConfiguration" in properties:
        yield "executions are not traced"
    if resource_type == "AWS::Events::Rule" and "ScheduleExpression" in properties:
        yield "schedules of rules do not fire"


def _unplayed_parts_of_an_event_source(properties: Document | None) -> Iterator[str]:
    """Yield what of an event source mapping, given resolved, has no effect here."""
    if properties is None:
        return
    if "FilterCriteria" in properties:
        yield "filter criteria let every message through"
    if ":sqs:" not in str(properties.get("EventSourceArn")):
        yield "of event sources, only queues are polled"


def _unplayed_parts_of_a_schedule(properties: Document | None) -> Iterator[str]:
    """Yield what of a schedule, given resolved, has no effect here."""
    if properties is None:
        return
    if as_document(properties.get("FlexibleTimeWindow", {}), SCHEDULE).get("Mode") != "OFF":
        yield "it fires at its time, whatever its flexible time window"
    if {"StartDate", "EndDate"} & properties.keys():
        yield "it fires before its start and after its end too"
    target = str(as_document(properties.get("Target", {}), SCHEDULE).get("Arn"))
    if ":sqs:" not in target and ":stateMachine:" not in target:
        yield "of schedules, only those with a queue or a state machine as their target reach it"


def _parameters(
    template: Template, given: dict[str, str], account: str, region: str
) -> dict[str, object]:
    """
    Return the values of the template's parameters and of the pseudo parameters.

    Raises:
        TemplateError: A parameter has neither a value nor a default.
    """
    values: dict[str, object] = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": STACK_NAME,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{STACK_NAME}/local",
        "AWS::NotificationARNs": [],
    }
    for name, declaration in template.parameters.items():
        default = as_document(declaration, name).get("Default")
        value = given.get(name, default)
        if value is None:
            raise TemplateError(f"the template's parameter {name} has no value and no default")
        values[name] = value
    return values


def _in_order(template: Template, scope: Scope) -> list[str]:
    """Return the resources to create, each after those that it needs."""
    wanted = {
        name: resource
        for name, resource in template.resources.items()
        if "Condition" not in resource or scope.holds(str(resource["Condition"]))
    }
    needs = {
        name: {
            other
            for other in (*references(resource.get("Properties", {})), *_depends_on(resource))
            if other in wanted and other != name
        }
        for name, resource in wanted.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        ring = " -> ".join(str(name) for name in error.args[1])
        raise TemplateError(f"resources refer to each other in a ring: {ring}") from error


def _depends_on(resource: Document) -> list[str]:
    names = resource.get("DependsOn", [])
    return [names] if isinstance(names, str) else [str(name) for name in list(names)]  # type: ignore[call-overload]  # a list, by the template's schema
