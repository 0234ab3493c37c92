"""CPU time by name, taken where the process does its work, without a line of it in the product."""

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Stopwatch:
    """Charge the CPU seconds of threads to names; what is nested counts for the inner name alone.

    A coroutine is charged for its own steps only, not for what the event loop does while it waits.
    """

    def __init__(self) -> None:
        self.cpu_s: defaultdict[str, float] = defaultdict(float)
        self.running = False
        self._lock = threading.Lock()
        self._local = threading.local()

    def wrap(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function or coroutine function with its CPU time charged to the name while the watch runs."""
        if iscoroutinefunction(work):

            @functools.wraps(work)
            async def stepped(*arguments: Any, **named: Any) -> Any:
                made = work(*arguments, **named)
                return await (_Stepped(self, name, made) if self.running else made)

            return stepped

        @functools.wraps(work)
        def charged(*arguments: Any, **named: Any) -> Any:
            return self._charged(name, work, *arguments, **named) if self.running else work(*arguments, **named)

        return charged

    def _charged(self, name: str, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        self.begin()
        try:
            return work(*arguments, **named)
        finally:
            self.end(name)

    def begin(self) -> None:
        """Count this thread's CPU time from here on for the name that ``end`` will tell."""
        self._open().append([time.thread_time(), 0.0])

    def end(self, name: str) -> None:
        """Charge the time since the last ``begin``, less what was charged inside."""
        stack = self._open()
        began, inner = stack.pop()
        spent = time.thread_time() - began
        if stack:
            stack[-1][1] += spent
        with self._lock:
            self.cpu_s[name] += spent - inner

    def _open(self) -> list[list[float]]:
        found: list[list[float]] = self._local.__dict__.setdefault("open", [])
        return found


class _Stepped(Generic[T]):
    """An awaitable that is charged step by step."""

    def __init__(self, watch: Stopwatch, name: str, work: Awaitable[T]) -> None:
        self._watch = watch
        self._name = name
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        step: Callable[[], Any] = functools.partial(next, steps)
        while True:
            self._watch.begin()
            try:
                waited = step()
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self._watch.end(self._name)
            try:
                answer = yield waited
            except BaseException as error:  # noqa: BLE001 - it belongs to the work, which decides
                step = functools.partial(_thrown, steps, error)
            else:
                step = functools.partial(_sent, steps, answer)


def _sent(steps: Generator[Any, Any, Any], answer: Any) -> Any:
    return steps.send(answer)


def _thrown(steps: Generator[Any, Any, Any], error: BaseException) -> Any:
    return steps.throw(error)
