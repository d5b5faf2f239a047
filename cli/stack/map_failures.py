"""
Lets a distributed map fail as in AWS when more items fail than it tolerates.

Step Functions Developer Guide, "Setting failure thresholds for Distributed Map states": by default
one failed item fails the map, with `States.ExceedToleratedFailureThreshold`. moto counts failures
and goes on. Here the map fails when all its items have been tried; AWS ends the rest.
"""

from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component as distributed,
    )
    from moto.stepfunctions.parser.asl.eval.environment import Environment

_MARK = "_fails_beyond_its_tolerance"


def make_maps_fail_beyond_their_tolerance() -> None:
    """Have moto count failures against `ToleratedFailureCount` from now on; twice does no harm."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component as distributed,
    )

    component = distributed.DistributedIterationComponent
    run = component._map_run  # noqa: SLF001  the one place where all items are done
    if hasattr(run, _MARK):
        return

    @wraps(run)
    def counted(
        self: "distributed.DistributedIterationComponent",
        env: "Environment",
        eval_input: "distributed.DistributedIterationComponentEvalInput",
    ) -> None:
        run(self, env, eval_input)
        items = eval_input.map_run_record.item_counter
        failed = items.failed.get() + items.timed_out.get()
        if env.is_running() and failed > eval_input.tolerated_failure_count:
            raise _too_many(env, failed, items.total.get())

    setattr(counted, _MARK, True)
    component._map_run = counted  # type: ignore[method-assign]  # noqa: SLF001  as above


def _too_many(env: "Environment", failed: int, total: int) -> Exception:
    """Return what makes a state fail with that error, so that its Catch and Retry see it."""
    from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
        StatesErrorName,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
        StatesErrorNameType,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
    cause = f"{failed} of {total} items have failed"
    details = EventDetails(  # type: ignore[typeddict-item]  # each event has one kind of details
        taskFailedEventDetails=TaskFailedEventDetails(error=name.error_name, cause=cause)
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.MapRunFailed,
            event_details=details,
        )
    )
