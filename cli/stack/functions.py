"""
Lambda functions, each in processes of its own under the real Lambda runtime client.

A process starts at the first invocation and serves one invocation at a time; several run when
invocations overlap. It sees what it would see in Lambda: its code, the layers that the template
lists, and the template's variables. The packages of the runtime and of the layers come from the
project's environment, so one that no layer ships is found here and not in Lambda.

Its clock is the local CodeArtifact's. A process whose clock is off, because somebody has set that
one, is replaced before the next invocation.
"""

import logging
import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from cli.stack.clock import TOLERANCE, Clock, MachineClock, ahead
from cli.stack.errors import FunctionError
from cli.stack.function_logs import FunctionLogs, LogLine
from cli.stack.runtime_api import Invocation, RuntimeApi

_logger = logging.getLogger(__name__)

START_SECONDS = 60.0  # not Lambda's 10 s: a laptop under load may be slower than that
_STOP_SECONDS = 2.0
_START = Path(__file__).with_name("function_start.py")  # for processes with another time


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """One `AWS::Lambda::Function` as it is run here."""

    name: str
    arn: str
    handler: str
    runtime: str
    code: Path
    import_roots: tuple[Path, ...]  # of the layers, in the template's order
    environment: Mapping[str, str]
    log_group: str
    timeout_seconds: float = 3  # Lambda's default (API Reference, CreateFunction)
    memory_megabytes: int = 128  # as above
    log_format: str = "Text"  # or "JSON"


class Function:
    """Invokes one function, with as many processes as there are invocations at once."""

    def __init__(
        self, settings: FunctionSettings, logs: FunctionLogs, clock: Clock | None = None
    ) -> None:
        """No process is started before the first invocation; it has the time of *clock*."""
        self.settings = settings
        self._logs = logs
        self._clock = MachineClock() if clock is None else clock
        self._lock = threading.Lock()
        self._idle: list[_Instance] = []
        self._all: set[_Instance] = set()
        self._stopped = False

    def invoke(self, payload: bytes) -> bytes:
        """
        Return the response to one event.

        Raises:
            FunctionError: The handler raised, the process ended or did not start, or the time was
                over. After the last three the process is gone, and the next event gets a new one.
        """
        instance = self._take()
        try:
            return instance.invoke(payload)
        finally:
            self._give_back(instance)

    def process_ids(self) -> list[int]:
        """Return the ids of the running processes."""
        with self._lock:
            return sorted(instance.process.pid for instance in self._all if instance.alive)

    def stop(self) -> None:
        """End every process; an invocation under way fails."""
        with self._lock:
            self._stopped = True
            instances = list(self._all)
            self._all.clear()
            self._idle.clear()
        for instance in instances:
            instance.stop()

    def _take(self) -> "_Instance":
        time_now = ahead(self._clock)
        with self._lock:
            if self._stopped:
                raise FunctionError("Runtime.Stopped", "the local stack is stopping")
            while self._idle:
                instance = self._idle.pop()
                if instance.alive and abs(instance.ahead - time_now) < TOLERANCE:
                    return instance
                self._all.discard(instance)
                instance.stop()
            instance = _Instance(self.settings, self._logs, time_now)
            self._all.add(instance)
            return instance

    def _give_back(self, instance: "_Instance") -> None:
        with self._lock:
            if instance.alive and not self._stopped:
                self._idle.append(instance)
                return
            self._all.discard(instance)
        instance.stop()


class _Instance:
    """One process: what Lambda calls an execution environment."""

    def __init__(
        self, settings: FunctionSettings, logs: FunctionLogs, time_ahead: timedelta
    ) -> None:
        self._settings = settings
        self._logs = logs
        self.ahead = time_ahead
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self._stream = f"{day}/[$LATEST]{uuid4().hex}"  # as Lambda names log streams
        self._api = RuntimeApi(settings.arn, ahead=time_ahead)
        self._killed_for: str | None = None
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-P", *self._program(), settings.handler],
                cwd=settings.code,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is for the stack, which ends us
            )
        except OSError as error:  # its folder is gone, or the system is full
            self._api.close()
            raise FunctionError("Runtime.StartError", str(error)) from error
        self._reader = threading.Thread(target=self._read_log, name="function-log", daemon=True)
        self._reader.start()

    def _program(self) -> list[str]:
        if not self.ahead:
            return ["-m", "awslambdaric"]
        return [str(_START), str(self.ahead.total_seconds())]

    @property
    def alive(self) -> bool:
        return self._killed_for is None and self.process.poll() is None

    def invoke(self, payload: bytes) -> bytes:
        timeout = self._settings.timeout_seconds
        invocation = Invocation(payload, timeout)
        self._api.offer(invocation)
        if self.process.poll() is not None:
            self._fail_for_exit(invocation)
        deadline = time.monotonic() + START_SECONDS
        while not invocation.taken.wait(timeout=0.05) and not invocation.response.done():
            if time.monotonic() > deadline:
                self._kill("the runtime did not start")
                raise FunctionError(
                    "Runtime.StartTimeout", f"no first request within {START_SECONDS:.0f} s"
                )
        try:
            return invocation.response.result(timeout=timeout)
        except FutureTimeoutError as error:
            self._kill("timeout")
            message = f"{invocation.request_id} Task timed out after {timeout:.2f} seconds"
            self._log(message)
            raise FunctionError("Sandbox.Timedout", message) from error

    def stop(self) -> None:
        self._kill("stopped")
        self._api.close()

    def _kill(self, reason: str) -> None:
        self._killed_for = reason
        if self.process.poll() is None:
            self.process.kill()
        try:
            self.process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:  # a process stuck in the kernel
            _logger.warning("process %d of %s does not end", self.process.pid, self._settings.name)

    def _read_log(self) -> None:
        """Pass on every line until the process ends; then fail what it had in hand."""
        stdout = self.process.stdout
        if stdout is not None:
            with stdout:
                for line in stdout:
                    text = line.decode("utf-8", "replace").rstrip("\r\n")
                    for part in text.split("\r"):  # the runtime client's line break in a trace
                        if part.strip():
                            self._log(part)
        self.process.wait()
        if self._api.current is not None:
            self._fail_for_exit(self._api.current)

    def _log(self, text: str) -> None:
        settings = self._settings
        self._logs.add(LogLine(settings.name, settings.log_group, self._stream, time.time(), text))

    def _fail_for_exit(self, invocation: Invocation) -> None:
        reported = self._api.init_error
        code = self.process.returncode
        how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        invocation.fail(reported or FunctionError("Runtime.ExitError", how))

    def _environment(self) -> dict[str, str]:
        """Return the variables of the process: Lambda's own, and the template's over them."""
        settings = self._settings
        packages = dict.fromkeys(sysconfig.get_paths()[kind] for kind in ("purelib", "platlib"))
        roots = [str(settings.code), *(str(root) for root in settings.import_roots), *packages]
        # Lambda Developer Guide, "Defined runtime environment variables"
        return {
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(roots),
            "LAMBDA_TASK_ROOT": str(settings.code),
            "_HANDLER": settings.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{settings.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": settings.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory_megabytes),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": settings.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            "AWS_LAMBDA_LOG_FORMAT": settings.log_format,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            # Lambda has no home folder with a profile in it; the developer's must not leak in.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **settings.environment,
        }
