"""Notices errors that end one of dbt's threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dbt.task.runnable
from dbt.graph.thread_pool import DbtThreadPool


@contextmanager
def watched_threads(on_thread_failure: Callable[[BaseException], None]) -> Iterator[None]:
    """Reports an error that ends one of dbt's threads.

    An error in a model fails the model. Any other error, mostly a MemoryError, ends the thread, and
    dbt waits for its result for ever.

    Args:
        on_thread_failure: called in the thread, with the error.
    """

    class WatchedPool(DbtThreadPool):
        def apply_async(
            self, func: Any, args: Any = (), kwds: Any = None, callback: Any = None, *_: Any
        ) -> Any:
            def call_back(result: Any) -> None:
                try:
                    callback(result)
                except BaseException as error:
                    on_thread_failure(error)

            return super().apply_async(func, args, kwds or {}, call_back, on_thread_failure)

    def on_end_of_thread(ended: threading.ExceptHookArgs) -> None:
        if isinstance(ended.exc_value, MemoryError):
            on_thread_failure(ended.exc_value)
        hook(ended)

    hook = threading.excepthook
    threading.excepthook = on_end_of_thread
    dbt.task.runnable.DbtThreadPool = WatchedPool  # type: ignore[attr-defined]
    try:
        yield
    finally:
        dbt.task.runnable.DbtThreadPool = DbtThreadPool  # type: ignore[attr-defined]
        threading.excepthook = hook
