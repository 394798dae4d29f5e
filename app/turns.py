"""Turns: whoever computes for long in an API process lets its other requests go on now and then."""

import time

#: Bytes that are worked at between two turns; some milliseconds for whatever is done with them.
TURN = 2**16

#: How long a turn lasts at least, seconds. Not 0: gevent then goes on before it has looked at a single socket.
_PAUSE = 1e-4


def give_way() -> None:
    """Lets the other requests of this process go on; under gevent they are greenlets, elsewhere threads."""
    time.sleep(_PAUSE)
