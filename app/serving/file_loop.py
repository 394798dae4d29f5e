"""The event loop by which fsspec reaches object stores, in a thread of the system's.

gevent makes a greenlet of every thread that begins after it has patched the process; but asyncio says of the running
loop that it is the thread's, and all greenlets are in one. So this loop, with a selector of the system's, has to begin
before.
"""

import asyncio
import threading

from fsspec import asyn

from jobs.settings import Settings


def start_file_loop(settings: Settings) -> None:
    """Starts the loop of this process where its files are not in a folder; call it before gevent patches anything."""
    if "://" not in settings.blob_url or settings.blob_url.startswith(("file://", "local://")):
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="files", daemon=True)
    thread.start()
    # What fsspec would do itself at the first use, too late.
    asyn.loop[0], asyn.iothread[0] = loop, thread
