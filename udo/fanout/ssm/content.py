"""Gets what a command has said on an instance: from the listing, in full, or the whole of it from S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from udo.change.events import Line, Notice
from udo.errors import Absent, AwsError, PermissionDenied
from udo.fanout.ssm.said import Said, said_in_full, said_in_short, whole_errors
from udo.ssh.lines import Lines

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.fanout.ssm.send import Order
    from udo.model.commands import Content, Invocation
    from udo.session import Session

# What an agent has just written may not be there yet.
_TRIES, _SOON = 4, 1.0
_STREAMS = ("stdout", "stderr")
_WRITES = "does ssh.ssm.bucket exist, and may the role of the instances write there (s3:PutObject)?"


class Contents:
    """What the commands of a run have said; `mark` is what their script marks its own lines with."""

    def __init__(self, session: Session, aws: Aws, order: Order, mark: str) -> None:
        self._session = session
        self._aws = aws
        self._order = order
        self._mark = mark
        self._told = False

    def said(self, command_id: str, invocation: Invocation) -> tuple[Said, Content | None]:
        """What was said, as far as AWS shows it; and where the rest is, of what was too long for the listing.

        Raises: UdoError.
        """
        found = said_in_short(invocation.output, self._mark)
        if found is not None:
            return found, None
        content = self._aws.run_command.content(command_id, invocation.instance_id)
        return said_in_full(content.stdout, content.stderr, self._mark), content

    def lines(self, command_id: str, instance_id: str, said: Said, content: Content | None) -> Iterator[Line | str]:
        """The lines of both streams; and the names of those that are not whole, where the rest is nowhere.

        Raises: UdoError.
        """
        for stream in _STREAMS:
            lines = Lines(instance_id)
            text = said.stdout if stream == "stdout" else said.stderr
            whole = None
            if stream in said.cut and content is not None and self._order.bucket:
                whole = self._whole(command_id, instance_id, stream, content)
            if whole is not None:
                for piece in whole:
                    yield from lines.feed(stream, piece)
            else:
                yield from lines.feed(stream, text.encode("utf-8", "surrogateescape"))
            yield from lines.rest()
            if whole is None and stream in said.cut:
                yield stream

    def _whole(self, command_id: str, instance_id: str, stream: str, content: Content) -> Iterator[bytes] | None:
        """The whole of a stream in pieces; None where it cannot be had, which is told once."""
        url = content.stdout_url if stream == "stdout" else content.stderr_url
        key = self._key(url, command_id, instance_id, stream)
        for left in reversed(range(_TRIES)):
            try:
                pieces = self._aws.s3.content(self._order.bucket, key)
                first = next(pieces, b"")
            except (AwsError, PermissionDenied, Absent) as error:
                if left and isinstance(error, Absent):
                    self._session.clock.sleep(_SOON)
                    continue
                if not self._told:
                    why = f": {_WRITES}" if isinstance(error, Absent) else ""
                    self._session.emit(Notice(f"the whole output cannot be read: {error}{why}", "warning"))
                self._told = True
                return None
            return (
                self._all(first, pieces) if stream == "stdout" else whole_errors(self._all(first, pieces), self._mark)
            )
        return None

    def _all(self, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        yield first
        yield from rest

    def _key(self, url: str, command_id: str, instance_id: str, stream: str) -> str:
        path = unquote(urlsplit(url).path)
        at = path.find(f"{command_id}/{instance_id}/")
        # Source: where AWS has put it so far; the answer says it itself.
        rest = path[at:] if at >= 0 else f"{command_id}/{instance_id}/awsrunShellScript/0.awsrunShellScript/{stream}"
        return f"{self._order.prefix.rstrip('/')}/{rest}" if self._order.prefix else rest
