"""What a process of a Celery worker's pool tells its parent: how each job ended, and nothing it knows already."""

import sys
from collections.abc import Callable
from typing import cast

from billiard.compat import mem_rss
from billiard.pool import ACK, EX_RECYCLE, READY
from celery.concurrency.asynpool import Worker


class PromptProcess(Worker):  # type: ignore[misc]
    """What a process of the pool does."""

    #: After how many jobs, and above how much memory (KiB), it is replaced.
    maxtasks: int | None
    max_memory_per_child: int | None

    def on_loop_start(self, pid: int) -> None:
        """Celery calls it in the process, before the first job."""
        super().on_loop_start(pid)
        tell = cast("Callable[[object], None]", self.outq.put)
        # When it ends is decided here, once: Celery's loop would ask again after it has said that it is free.
        most_jobs, self.maxtasks = self.maxtasks, None
        most_memory, self.max_memory_per_child = self.max_memory_per_child, None
        done = 0

        def tell_what_counts(said: tuple[int, tuple[object, ...]]) -> None:
            nonlocal done
            kind, about = said
            if kind == ACK:
                return
            if kind != READY:
                tell(said)
                return
            is_last = done + 1 == most_jobs or bool(most_memory and mem_rss() > most_memory)
            # Without the pipe that is free again: a job that is written to it now would never be read.
            tell((READY, (*about[:-1], None)) if is_last else said)
            done += 1
            if is_last:
                self._ensure_messages_consumed(completed=done)
                sys.exit(EX_RECYCLE)

        self.outq.put = tell_what_counts
