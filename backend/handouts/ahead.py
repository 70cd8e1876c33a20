"""Work ahead: while one result is sent, the next few are on their way, so that a distant storage slows no stream."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

_AHEAD: Final = 8

Result = TypeVar("Result")


def ahead(work: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """The results in order; up to eight further ones are worked on meanwhile. Nothing begins before the first is taken.

    What a piece of work raises is raised when its turn comes.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        try:
            for piece in work:
                waiting.append(pool.submit(piece))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
