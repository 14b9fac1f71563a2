"""Stops a program at each of its steps on disk: kills it there, fails it there, or does something else at that moment.

A step is a call of `os` that changes something. A test in `tests/test_writer.py` holds that the writer takes no others.
"""

from __future__ import annotations

import errno
import os
import signal
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHANGING = (
    *("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir", "rmdir"),
    *("chmod", "chown", "utime", "setxattr", "removexattr"),
)
"""`open` counts where it makes a file."""


@dataclass(frozen=True)
class Step:
    """One step, before it is done."""

    number: int
    """From 1."""
    name: str
    arguments: tuple[Any, ...]
    path: str
    """What it is done to, also where that is an open file."""

    def takes_room(self) -> bool:
        """Whether it makes something that was not there, or makes it larger."""
        if self.name == "write":
            descriptor, data = self.arguments
            return os.fstat(descriptor).st_size < os.lseek(descriptor, 0, os.SEEK_CUR) + len(data)
        return self.name in {"mkdir", "open"} and not os.path.lexists(self.path)

    def fail(self, error: int) -> None:
        """As the system does it."""
        named = [one for one in self.arguments[:1] if isinstance(one, str)]
        raise OSError(error, os.strerror(error), *named)


@dataclass
class Taken:
    """The steps that were taken."""

    steps: list[Step] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.steps)


@contextmanager
def steps(act: Callable[[Step], None] = lambda _: None) -> Iterator[Taken]:
    """Calls `act` before each step."""
    taken = Taken()
    opened: dict[int, str] = {}

    def stopping(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the real one takes and gives
            first = arguments[0]
            if name != "open" or arguments[1] & os.O_CREAT:
                path = opened[first] if isinstance(first, int) else first
                taken.steps.append(Step(len(taken) + 1, name, arguments, path))
                act(taken.steps[-1])
            # What a process leaves behind when it is killed does not depend on the disk, which takes long.
            done: Any = None if name == "fsync" else real(*arguments, **named)
            if name == "open":
                opened[done] = first
            return done

        return call

    with ExitStack() as stack:
        for name in CHANGING:
            if hasattr(os, name):
                stack.enter_context(mock.patch.object(os, name, stopping(name, getattr(os, name))))
        yield taken


def failing(number: int, error: int) -> Callable[[Step], None]:
    """One step fails, and only that."""

    def act(step: Step) -> None:
        if step.number == number:
            step.fail(error)

    return act


def full(number: int) -> Callable[[Step], None]:
    """From one step on there is no room on the disk."""

    def act(step: Step) -> None:
        if step.number >= number and step.takes_room():
            step.fail(errno.ENOSPC)

    return act


def meeting(number: int, signal_: int) -> Callable[[Step], None]:
    """At one step the process is sent a signal."""

    def act(step: Step) -> None:
        if step.number == number:
            os.kill(os.getpid(), signal_)

    return act


def started(action: Callable[[], object]) -> int:
    """Does something in a process of its own: its number."""
    process = os.fork()
    if not process:
        code = 70
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return process


def ended(process: int) -> int:
    """How a process ends: an exit code, or minus the signal that ends it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed_at(number: int, action: Callable[[], object], *, half: bool = False) -> bool:
    """Kills an action before a step, or with `half` in the middle of it if it writes. Whether it came that far."""
    write = os.write

    def act(step: Step) -> None:
        if step.number == number:
            if half and step.name == "write":
                descriptor, data = step.arguments
                write(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        with steps(act):
            action()

    code = ended(started(run))
    assert code in {0, -signal.SIGKILL}, "it fails by itself"
    return code != 0
