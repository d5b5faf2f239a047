"""What functions write, as the local stack shows it to whoever reads its standard error."""

import io
import time

from cli.stack.function_logs import FunctionLogs, LogLine


class Writes(io.StringIO):
    """Standard error, which keeps each write apart."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        """Keep *text*."""
        self.written.append(text)
        return len(text)


def test_a_line_is_shown_in_one_write() -> None:
    """Functions write at the same time, and none may write into another's line."""
    echo = Writes()
    logs = FunctionLogs(echo=echo)
    logs.add(LogLine("judge", "/aws/lambda/judge", "stream", time.time(), '{"message": "held"}'))
    assert echo.written == ['[judge] {"message": "held"}\n']
