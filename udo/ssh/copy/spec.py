"""What is copied, as a value, and how a host is told of it."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Copy:
    """Files of this machine that go to a folder or name of each host, or, with `fetch`, of each host to a folder here.

    `sources` and `to` are paths; those of a host may be relative to the login's home. With `times` the time of the last
    change is kept too. `limit` are bytes a second of all hosts together. `server` is the command line that starts a
    server of files (empty: the server's own), which says the numbers of an owner first where `owned`; `sums` the one
    that prints the checksums of the files it reads the names of.
    """

    sources: tuple[str, ...]
    to: str
    fetch: bool = False
    times: bool = False
    limit: int | None = None
    server: str = ""
    owned: bool = False
    sums: str = ""
