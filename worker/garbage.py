"""What a worker has loaded before it forks is no garbage, and is not to be looked through for any."""

import atexit
import gc


def keep_what_is_loaded() -> None:
    """Takes everything that is there now out of garbage collection; to be called before the first fork.

    A collection in a child would copy all the pages that it goes over, and one in the parent, which Celery asks for
    before each fork, takes a tenth of a second with the libraries of an analysis loaded.
    """
    gc.collect()
    gc.freeze()
    # At the end of the process it would be taken down in an order that Python's logging does not bear.
    atexit.register(gc.unfreeze)
