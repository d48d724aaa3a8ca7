"""dbt hears of every node it runs, or stops; and it stops when it is told to.

It catches what a node raises, not what telling of a node does. Memory that is short makes that raise, in a thread of
dbt's, and dbt would wait for ever for an answer that does not come. Unit tests of models go another way, and are not
run here.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Any

from dbt.graph.queue import GraphQueue
from dbt.graph.thread_pool import DbtThreadPool
from dbt.task.runnable import GraphRunnableTask

from dagster_project.errors import BilanError
from dagster_project.machine import machine_failure

_LISTEN_S = 0.5
_Methods = dict[tuple[type, str], Callable[..., Any]]


@contextmanager
def every_node_answers() -> Iterator[None]:
    """Stop dbt, as an interruption does, once an answer is lost.

    Raises:
        BilanError: why the answer was lost, whatever dbt makes of being stopped.
    """
    lost: deque[BaseException] = deque(maxlen=1)  # has its room already: there may be none to be had
    next_node = GraphQueue.get

    def submit(task: GraphRunnableTask, pool: DbtThreadPool, args: list[Any], callback: Callable[[Any], None]) -> None:
        def hear(result: Any) -> None:
            try:
                callback(result)
            except Exception as error:
                lost.append(error)

        pool.apply_async(task.call_runner, args, callback=hear, error_callback=lost.append)

    def get(queue: GraphQueue) -> Any:
        with _interruptions_that_dbt_knows():
            while not lost:
                with suppress(Empty):
                    return next_node(queue, timeout=_LISTEN_S)
        raise KeyboardInterrupt

    def join(queue: GraphQueue) -> None:
        with _interruptions_that_dbt_knows(), queue.lock:
            while queue.inner.unfinished_tasks and not lost:
                queue.some_task_done.wait(_LISTEN_S)
        if lost:
            raise KeyboardInterrupt

    ours: _Methods = {(GraphRunnableTask, "_submit"): submit, (GraphQueue, "get"): get, (GraphQueue, "join"): join}
    theirs = {(owner, name): getattr(owner, name) for owner, name in ours}
    try:
        _set(ours)
        yield
    finally:
        _set(theirs)
    if lost:
        why = machine_failure(lost[0]) or f"dbt s'est arrêté sans pouvoir dire ce qu'il a fait : {lost[0]}"
        raise BilanError(why) from lost[0]


@contextmanager
def _interruptions_that_dbt_knows() -> Iterator[None]:
    """Dagster's is no `KeyboardInterrupt`: dbt would not stop what it has begun, and then wait for it."""
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as interruption:
        raise KeyboardInterrupt from interruption


def _set(methods: _Methods) -> None:
    for (owner, name), method in methods.items():
        setattr(owner, name, method)
