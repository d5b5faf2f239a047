"""
The local stack as a whole: `template.yaml`, played on one loopback port.

    event of the local CodeArtifact -> router -> queue -> poller -> function -> CodeArtifact
                    its clock -> schedule -> queue, or state machine -> functions
"""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, cast

from cli.stack import poller
from cli.stack.admin import StackAdmin
from cli.stack.clock import Chronicle, Clock
from cli.stack.codeartifact import CodeArtifact, open_codeartifact
from cli.stack.domain_templates import read_domain_template
from cli.stack.environment import local_environment
from cli.stack.errors import StackError, TemplateError
from cli.stack.function_logs import CloudWatchSink, FunctionLogs
from cli.stack.functions import Function, FunctionSettings
from cli.stack.json_types import Document, as_document
from cli.stack.lambda_api import Invoke
from cli.stack.layers import Layer, lay_out, local_path
from cli.stack.moto_services import MotoServices, OwnParts, forget_everything
from cli.stack.resources import Applied, Unplayed, apply_template
from cli.stack.router import EventRouter
from cli.stack.schedules import Schedules, schedule
from cli.stack.server import require_free, serve
from cli.stack.services import Services
from cli.stack.state_machines import Execution, StateMachines, interpreter_at, state_machine
from cli.stack.template import Template, read_template, translate

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PROJECT = Path(__file__).resolve().parents[2]

Mode = Literal["observe", "enforce"]

OSV_PARAMETER = "OsvUrl"  # of a template; without a value it is the local CodeArtifact's own OSV
LOCAL_OSV = "/_emulator/osv"


class OpensCodeArtifact(Protocol):
    """Makes the CodeArtifact of a stack; tests of the stack alone put a small one in its place."""

    def __call__(
        self, *, account: str, region: str, folder: Path | None, other_services: "ASGIApp | None"
    ) -> CodeArtifact:
        """Return it; *other_services* answers what is not CodeArtifact's."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """How a local stack is started."""

    compiled_policy: str = "{}"
    locked: str = "{}"  # what the lock files of the policy list, compiled
    port: int = 0
    account: str = "012345678901"
    region: str = "us-west-2"
    mode: Mode = "observe"
    data: Path | None = None
    template: Path = PROJECT / "template.yaml"
    parameters: dict[str, str] = field(default_factory=dict)  # over what mode and policy imply
    domain_templates: tuple[Path, ...] = ()  # their CodeArtifact resources are made first
    open_codeartifact: OpensCodeArtifact = open_codeartifact


class LocalStack:
    """
    A stack that runs from `start` to `stop`, or inside a `with` block.

    One at a time in a process: moto's resources belong to the process.
    """

    def __init__(self, options: StackOptions, *, logs: FunctionLogs | None = None) -> None:
        self.options = options
        self.logs = FunctionLogs() if logs is None else logs
        self.router = EventRouter(options.account, options.region)
        self.functions: dict[str, Function] = {}  # by logical id
        self.pollers: list[poller.QueuePoller] = []
        self.schedules: Schedules | None = None
        self.state_machines = StateMachines({}, options.account, options.region)
        self.unplayed: list[Unplayed] = []
        self.endpoint = ""
        self._applied: Applied | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Play the template; when this returns, requests are answered and events find their way.

        Raises:
            StackError: The port is taken, or something in the template cannot be played at all.
                Nothing is left running then.
        """
        try:
            self._start()
        except BaseException as error:  # whatever it is, nothing may be left running
            self.stop()
            if isinstance(error, TypeError):  # of `as_document` and `as_list`
                raise TemplateError(f"{self.options.template}: {error}") from error
            raise

    def stop(self) -> None:
        """End every process, free the port, forget moto's resources; twice does no harm."""
        self._closing.close()
        self.functions.clear()
        self.pollers.clear()
        self.schedules = None

    def reference(self, logical_id: str) -> str:
        """Return what `Ref` gives for a resource of the template: a queue's URL, a table's name."""
        if self._applied is None:
            raise StackError("the stack is not started")
        return str(self._applied.scope.references[logical_id])

    def attribute(self, logical_id: str, name: str) -> str:
        """Return what `Fn::GetAtt` gives for a resource of the template."""
        if self._applied is None:
            raise StackError("the stack is not started")
        return str(self._applied.scope.attributes[logical_id, name])

    @property
    def messages_left(self) -> int:
        """
        The number of messages that a function has yet to get or has in hand.

        0 is rest, as far as queues go: an event may still be on its way from the local CodeArtifact
        (`events.drain`), and dead letters do not count.
        """
        return sum(queue_poller.messages_left for queue_poller in self.pollers)

    @property
    def executions_left(self) -> int:
        """The number of executions of state machines that are still running."""
        return sum(found.status == "RUNNING" for found in self.state_machines.executions())

    def start_execution(self, logical_id: str, execution_input: Document | None = None) -> str:
        """
        Start an execution of a state machine of the template and return its ARN.

        Raises:
            StackError: There is no such state machine, or moto does not understand its definition.
        """
        text = json.dumps(execution_input or {})
        return self.state_machines.start(self.state_machines.arn(logical_id), text)

    def wait_for_execution(self, arn: str, *, timeout_seconds: float = 60) -> Execution:
        """
        Return the execution when it has ended, well or not.

        Raises:
            StackError: There is no such execution, or it is still running by then.
        """
        return self.state_machines.wait(arn, timeout_seconds=timeout_seconds)

    def fire(self, logical_id: str) -> None:
        """
        Fire a schedule of the template now, as if it were due.

        Raises:
            StackError: There is no such schedule, or the stack is not started.
        """
        if self.schedules is None:
            raise StackError("the stack is not started")
        self.schedules.fire(logical_id)

    def invoke(self, logical_id: str, event: Document) -> object:
        """
        Return what a function answers to one event.

        Raises:
            FunctionError: It did not answer.
        """
        return json.loads(self.functions[logical_id].invoke(json.dumps(event).encode()))

    def _start(self) -> None:
        options = self.options
        closing = self._closing
        closing.enter_context(local_environment(options.region))
        parameters = self._parameters()
        document = read_template(options.template)
        declared = as_document(document.get("Parameters", {}), "Parameters")
        domains = [
            read_domain_template(path, parameters, options.region)
            for path in options.domain_templates
        ]
        parameters = {name: value for name, value in parameters.items() if name in declared}
        require_free(options.port)
        template = translate(
            document, folder=options.template.parent, parameters=parameters, region=options.region
        )
        place = {"account": options.account, "region": options.region}
        moto = MotoServices(
            self.router, **place, own=OwnParts(self._function, self._prepare_states)
        )
        closing.callback(forget_everything)
        closing.callback(moto.close)
        codeartifact = options.open_codeartifact(
            account=options.account,
            region=options.region,
            folder=options.data,
            other_services=StackAdmin(lambda: self.schedules, moto),
        )
        closing.callback(codeartifact.close)
        server = serve(codeartifact.app, options.port)
        closing.callback(server.stop)
        self.endpoint = server.url
        closing.enter_context(interpreter_at(int(server.url.rsplit(":", 1)[1])))
        if OSV_PARAMETER in declared:
            parameters.setdefault(OSV_PARAMETER, f"{server.url}{LOCAL_OSV}")
        services = Services(server.url, options.account, options.region)
        unplayed = [part for domain in domains for part in domain.make(services, **place)]
        self._applied = apply_template(template, parameters=parameters, services=services, **place)
        self.unplayed = [*unplayed, *self._applied.unplayed]
        self.logs.subscribe(CloudWatchSink(options.account, options.region))
        scratch = closing.enter_context(tempfile.TemporaryDirectory(prefix="steward-"))
        self._make_state_machines(self._applied, template)
        closing.callback(self.state_machines.wait_for_the_end)
        self._make_functions(self._applied, template, Path(scratch), codeartifact.clock)
        closing.callback(self.state_machines.stop)
        self._start_pollers(self._applied, Chronicle(codeartifact.clock))
        self._start_schedules(self._applied, codeartifact.clock)
        codeartifact.subscribe(self._route)

    def _route(self, event: Document) -> None:
        self.router.route(event)

    def _parameters(self) -> dict[str, str]:
        """Return what mode and policy say about the template's parameters."""
        parameters = {"Mode": self.options.mode}
        domain = json.loads(self.options.compiled_policy).get("domain")
        if domain is not None:
            parameters["DomainName"] = domain
        return {**parameters, **self.options.parameters}

    def _prepare_states(self) -> None:
        self.state_machines.prepare()

    def _function(self, name: str) -> Invoke | None:
        """Return what invokes the function of that name."""
        found = (function for function in self.functions.values() if function.settings.name == name)
        return next((function.invoke for function in found), None)

    def _make_state_machines(self, applied: Applied, template: Template) -> None:
        found = {
            logical_id: state_machine(
                str(applied.scope.attributes[logical_id, "Name"]),
                str(applied.scope.references[logical_id]),
                properties,
                template.definitions,
            )
            for logical_id, properties in applied.state_machines.items()
        }
        self.state_machines = StateMachines(found, self.options.account, self.options.region)

    def _make_functions(
        self, applied: Applied, template: Template, scratch: Path, clock: Clock
    ) -> None:
        layers = {
            arn: lay_out(
                template.sources[_code_key(properties["Content"])],
                compiled_policy=self.options.compiled_policy,
                locked=self.options.locked,
                scratch=scratch,
            )
            for arn, properties in applied.layers.items()
        }
        for logical_id, properties in applied.functions.items():
            listed = [layers[arn] for arn in cast("list[str]", properties.get("Layers", []))]
            function = Function(
                self._function_settings(applied, logical_id, properties, template, listed),
                self.logs,
                clock,
            )
            self._closing.callback(function.stop)
            self.functions[logical_id] = function

    def _function_settings(
        self,
        applied: Applied,
        logical_id: str,
        properties: Document,
        template: Template,
        layers: list[Layer],
    ) -> FunctionSettings:
        source = template.sources.get(_code_key(properties["Code"]))
        if source is None or not source.folder.is_dir():
            raise TemplateError(f"function {logical_id}: its code is no folder of this machine")
        environment = as_document(properties.get("Environment", {}), logical_id)
        variables = as_document(environment.get("Variables", {}), logical_id)
        logging = as_document(properties.get("LoggingConfig", {}), logical_id)
        name = applied.function_name(logical_id)
        return FunctionSettings(
            name=name,
            arn=str(applied.scope.attributes[logical_id, "Arn"]),
            handler=str(properties["Handler"]),
            runtime=str(properties["Runtime"]),
            code=source.folder,
            import_roots=tuple(
                layer.import_root for layer in layers if layer.import_root is not None
            ),
            environment={
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_REGION": self.options.region,
                "AWS_DEFAULT_REGION": self.options.region,
                "AWS_ACCESS_KEY_ID": self.options.account,
                "AWS_SECRET_ACCESS_KEY": "local",
                **{key: local_path(str(value), layers) for key, value in variables.items()},
            },
            timeout_seconds=float(str(properties.get("Timeout", 3))),
            memory_megabytes=int(str(properties.get("MemorySize", 128))),
            log_group=str(logging.get("LogGroup", f"/aws/lambda/{name}")),
            log_format=str(logging.get("LogFormat", "Text")),
        )

    def _start_schedules(self, applied: Applied, clock: Clock) -> None:
        found = {
            logical_id: schedule(
                str(applied.scope.references[logical_id]),
                str(applied.scope.attributes[logical_id, "Arn"]),
                properties,
            )
            for logical_id, properties in applied.schedules.items()
        }
        self.schedules = Schedules(found, clock, self.state_machines.start)
        self.schedules.start()
        self._closing.callback(self.schedules.stop)

    def _start_pollers(self, applied: Applied, times: Chronicle) -> None:
        from moto.sqs.models import sqs_backends

        queues = sqs_backends[self.options.account][self.options.region].queues
        by_name = {function.settings.name: function for function in self.functions.values()}
        for logical_id, properties in applied.event_sources.items():
            arn = str(properties.get("EventSourceArn", ""))
            function = by_name.get(str(properties["FunctionName"]).rsplit(":", 1)[-1])
            if ":sqs:" not in arn or not _is_true(properties.get("Enabled", True)):
                continue
            queue = queues.get(arn.rsplit(":", 1)[-1])
            if queue is None or function is None:
                raise TemplateError(f"{logical_id}: there is no queue {arn}, or no such function")
            queue_poller = poller.QueuePoller(
                _mapping(properties, function.settings.name),
                queue=queue,
                invoke=function.invoke,
                times=times,
            )
            self.pollers.append(queue_poller)
            queue_poller.start()
            self._closing.callback(queue_poller.stop)


def _mapping(properties: Document, function: str) -> poller.Mapping:
    """Return the settings of an event source mapping."""
    scaling = as_document(properties.get("ScalingConfig", {}), "ScalingConfig")
    response_types = cast("list[str]", properties.get("FunctionResponseTypes", []))

    def number(value: object) -> int:
        return int(str(value))

    return poller.Mapping(
        function=function,
        queue_arn=str(properties["EventSourceArn"]),
        batch_size=number(properties.get("BatchSize", poller.BATCH_SIZE)),
        window_seconds=number(properties.get("MaximumBatchingWindowInSeconds", 0)),
        reports_failures="ReportBatchItemFailures" in response_types,
        concurrency=number(scaling.get("MaximumConcurrency", poller.CONCURRENCY)),
    )


def _code_key(code: object) -> str:
    return str(as_document(code, "Code").get("S3Key"))


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
