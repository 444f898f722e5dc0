"""The command line: global options, verbs found by folder, and the one place where an error becomes an exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from udo import __version__, signals, streams
from udo.errors import Interrupted, UdoError, UsageError
from udo.flags import ELSEWHERE, USUAL_FORMATS, check_before, options_after, root_options
from udo.options import Options
from udo.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from udo.errors import Failure
    from udo.result import Result

# A full disk, and a stdout that was closed before the start.
_NOT_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
# Set by a shell that asks for completions. Source: click, shell completion.
_COMPLETING = "_UDO_COMPLETE"
# Not by pathlib: importing that would cost the help a sixth of its time.
_FOLDER = f"{os.path.dirname(__file__)}/commands"  # noqa: PTH120


def main(argv: Sequence[str] | None = None, *, prepare: Callable[[Any], None] | None = None, clock: Any = None) -> None:
    """Runs one command line and leaves with its exit code.

    `prepare` is handed every botocore session before its first client, `clock` stands in for `time`: the seams by
    which an AWS on this machine takes the place of the real one.
    """
    if argv is None:
        # What a command line makes lives to its end: no garbage is looked for until the verb's first line, and seldom
        # after it, which saves a twentieth of a large check, and of a read of AWS, for which libraries are imported.
        # Within another program it would let memory grow.
        gc.disable()
        gc.set_threshold(200_000, 20, 20)
    streams.prepare()
    words = list(sys.argv[1:] if argv is None else argv)
    session = Session(Options(), prepare=prepare, clock=clock, words=words)
    terminal = streams.Terminal()
    caught = signals.catch() or argv is None
    try:
        code = _flushed(session, _exit_code(words, session))
    finally:
        if signals.came():
            terminal.put_back()
        if caught:
            # What comes from here on ends the process as the system does, without a word.
            signals.let_go(ended=argv is None)
    if argv is None:
        # The process ends here: Python would take apart all that it holds first, a thirtieth of a read of AWS. Nothing
        # is left to do: what is put aside is put away by the verbs, and threads that are at work end with it.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _flushed(session: Session, code: int) -> int:
    try:
        with signals.waiting():
            sys.stdout.flush()
    except Interrupted as error:
        streams.drop(sys.stdout)
        return error.exit
    except BrokenPipeError:
        return _closed_pipe()
    except OSError as error:
        return _unwritable(session, error, code)
    return code


def _exit_code(words: list[str], session: Session) -> int:
    try:
        signals.look()
        answer = root.main(words, prog_name="udo", standalone_mode=False, obj=session)
        return _shown(session, answer) if answer is not None and not isinstance(answer, int) else answer or 0
    except UdoError as error:
        return _told(session, words, error)
    except Interrupted as error:
        return _broken_off(session, words, error)
    except click.exceptions.NoArgsIsHelpError as error:
        return _misused(session, words, error, "no verb is given")
    except click.UsageError as error:
        return _misused(session, words, error, _one_line(error))
    except click.ClickException as error:
        return _told(session, words, UsageError(_one_line(error)))
    except (click.Abort, KeyboardInterrupt):
        return _broken_off(session, words, Interrupted("interrupted"))
    except SystemExit as left:
        # click leaves on its own where the pipe is closed, and where a shell has asked for completions.
        return int(left.code or 0) if _COMPLETING in os.environ else _closed_pipe()
    except BrokenPipeError:
        return _closed_pipe()
    except OSError as error:
        if error.filename is None and error.errno in _NOT_WRITTEN:
            return _unwritable(session, error)
        return session.bug(error)
    except Exception as error:
        return session.bug(error)


def _shown(session: Session, result: Result) -> int:
    """Shows the result; a signal that came too late to end anything is told with it."""
    if signals.noted():
        late = signals.interruption("interrupted, when all was done")
        code, message, hint = result.error or (late.code, late.message, None)
        if code != late.code:
            message = f"interrupted; {message}"
        result = replace(result, exit=late.exit, error=(late.code, message, hint))
        signals.answer()
    try:
        return session.show(result)
    except Interrupted as error:
        # Part of it is written: nothing may follow there.
        streams.drop(sys.stdout)
        signals.answer()
        session.output.error(f"udo: {error}")
        return error.exit


def _broken_off(session: Session, words: list[str], error: Interrupted) -> int:
    signals.answer()
    return _told(session, words, error)


def _path(words: list[str]) -> str:
    """The verb among the words, as its help is asked for: of an option that lacks its value click does not tell."""
    verbs = root.list_commands(click.Context(root))
    return " ".join(["udo", *[word for word in words if word in verbs][:1]])


def _misused(session: Session, words: list[str], error: click.UsageError, message: str) -> int:
    path = error.ctx.command_path if error.ctx else _path(words)
    session.command = path.partition(" ")[2]
    return _told(session, words, UsageError(message, hint=f"see '{path} --help'"))


def _told(session: Session, words: list[str], error: Failure) -> int:
    if signals.noted():
        # What a signal ends may fail before anybody has looked: a program that it was sent to as well, for one.
        failed, error = error, signals.interruption(f"interrupted: {error.message}", error.hint)
        error.data = failed.data
        signals.answer()
    try:
        session.options = session.options.with_words(words)
        return session.fail(error)
    except BrokenPipeError:
        return _closed_pipe()
    except OSError as broken:
        return _unwritable(session, broken, error.exit)


def _closed_pipe() -> int:
    streams.drop(sys.stdout)
    return 141


def _unwritable(session: Session, error: OSError, code: int = 0) -> int:
    streams.drop(sys.stdout)
    session.output.error(f"udo: the output cannot be written: {error.strerror}")
    return code if code not in (0, 5) else 1


def _one_line(error: click.ClickException) -> str:
    return " ".join(error.format_message().split()).rstrip(".")


def _prepared(command: click.Command, formats: Sequence[str], takes: Sequence[str]) -> click.Command:
    """The verb with the global options after it as well, which begins its Session before anything else."""
    if getattr(command, "_udo_prepared", False):
        return command
    command.make_context = _named(command.make_context)  # type: ignore[method-assign]
    own = {name for param in command.params for name in param.opts}
    for param in command.params:
        if isinstance(param, click.Argument) and "CLUSTER" in (param.metavar or ""):
            param.type = _Words()
    command.params.extend(option for option in options_after(formats, takes) if not own.intersection(option.opts))
    command.epilog = ELSEWHERE
    for child in command.commands.values() if isinstance(command, click.Group) else ():
        _prepared(child, formats, takes)
    if not isinstance(command, click.Group) or command.invoke_without_command:
        command.callback = _begun(command.callback, formats, takes)
    command._udo_prepared = True  # type: ignore[attr-defined]
    return command


def _named(make_context: Callable[..., click.Context]) -> Callable[..., click.Context]:
    """Notes the verb before its words are read: a document that tells what is wrong with them names it too."""

    def make(
        info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if parent and isinstance(parent.obj, Session):
            parent.obj.command = f"{parent.command_path} {info_name}".partition(" ")[2]
        return make_context(info_name, args, parent, **extra)

    return make


class _Words(click.ParamType):  # type: ignore[type-arg]  # generic to the type checker, not to every click
    """The words after a verb, which shells complete from udo.yml."""

    name = "words"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The clusters or roles that the next word may name; none, without a sound, where udo.yml cannot be read."""
        from click.shell_completion import CompletionItem

        from udo.selectors import completions

        session = ctx.find_object(Session)
        before = ctx.params.get(param.name or "") or ()
        try:
            return [CompletionItem(word) for word in completions(session.config, before, incomplete)] if session else []
        except (UdoError, OSError):
            return []


def _begun(callback: Callable[..., Any] | None, formats: Sequence[str], takes: Sequence[str]) -> Callable[..., Any]:
    def begin(*args: Any, **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is not None:
            # The verb of a group that is one itself; what was asked is another one of it.
            return None
        gc.enable()
        check_before(ctx, takes)
        if ctx.obj.options.output not in formats:
            told = f"{ctx.command_path} has no output format {ctx.obj.options.output!r}"
            raise UsageError(told, hint=f"it has {', '.join(formats)}")
        ctx.obj.begin(ctx.command_path.split()[1:])
        return callback(*args, **kwargs) if callback else None

    return begin


class Verbs(click.Group):
    """The verbs: one file in `commands/` each, imported only when it is used; a folder there holds those of a group.

    A file's FORMATS says what `-o` takes there, where it is not text and json; TAKES which of --dry-run and --yes mean
    something there.
    """

    package = "udo.commands"
    folder = _FOLDER

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the verbs, in alphabetical order."""
        found = os.listdir(self.folder)  # noqa: PTH208
        names = [name.removesuffix(".py") for name in found if name.endswith(".py") or "." not in name]
        return sorted(name for name in names if name[0].isalpha())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that exact name, with the global options after it as well, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        from importlib import import_module

        module = import_module(f"{self.package}.{cmd_name}")
        command: click.Command = getattr(module, "command", None) or self._group(cmd_name, module.__doc__ or "")
        command.name = cmd_name
        return _prepared(command, getattr(module, "FORMATS", USUAL_FORMATS), getattr(module, "TAKES", ()))

    def _group(self, name: str, text: str) -> click.Command:
        """The verbs of a folder."""
        group = Verbs(name, help=text)
        group.package, group.folder = f"{self.package}.{name}", f"{self.folder}/{name}"
        return group

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb a word names; where there is none, the one it looks like is suggested.

        `help VERB` is `VERB --help`.
        """
        if args[:1] == ["help"]:
            if ctx.resilient_parsing:
                return self.resolve_command(ctx, args[1:]) if args[1:] else (None, None, [])
            return self.resolve_command(ctx, [*args[1:], "--help"])
        unknown = args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx)
        if unknown and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.list_commands(ctx), 1)
            raise UsageError(
                f"no verb {' '.join([*ctx.command_path.split()[1:], args[0]])!r}",
                hint=f"did you mean {close[0]!r}?" if close else f"see '{ctx.command_path} --help'",
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin like this, with what the help says of each; none is imported."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=self._first_line(name)) for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists each verb with the first docstring line of its file, without importing it."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, self._first_line(name)) for name in self.list_commands(ctx)])

    def _first_line(self, name: str) -> str:
        try:
            file = open(f"{self.folder}/{name}.py", encoding="utf-8")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            file = open(f"{self.folder}/{name}/__init__.py", encoding="utf-8")  # noqa: PTH123, SIM115
        with file:
            return file.readline().strip().strip('"')


@click.group(
    cls=Verbs,
    params=root_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="'udo help VERB' explains a verb. Try it without an AWS account: udo sandbox start",
)
@click.version_option(__version__, message="udo %(version)s")
def root() -> None:
    """Orchestrate AWS Auto Scaling clusters from one udo.yml.

    A cluster and a role name one Auto Scaling group. The options below work before and after a verb; --dry-run and
    --yes belong to those that change something.
    """
