"""Run a command on every instance of a group, or log in to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from udo.commands._options import how_of, how_options, seen_options, whom_of, whom_options
from udo.errors import UsageError
from udo.fanout.auto import Ways
from udo.fanout.choose import check_terminal, choose
from udo.fanout.given import Given
from udo.fanout.how import remote
from udo.fanout.last_output import last, shown_again
from udo.fanout.reach import observe_hosts, within_reach
from udo.fanout.run import Run, parts
from udo.fanout.ssm.refusals import check_kept
from udo.fanout.view import view
from udo.selectors import fan_out_roles

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

FORMATS = ("text", "json", "jsonl")
TAKES = ("--dry-run", "--yes")

_AFTER = "udo.ssh.after"


class _Command(click.Command):
    """A command after whose `--` every word is of the remote command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the words before `--` as usual."""
        ours, after = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[_AFTER] = after
        try:
            return super().parse_args(ctx, ours)
        except click.NoSuchOption as error:
            message = error.format_message().rstrip(".")
            raise UsageError(message, hint="quote the command, or put it after --") from error


@click.command(cls=_Command)
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE [CMD]")
@whom_options
@how_options
@seen_options
@click.option("--last", "again", is_flag=True, help="Show the last run again; without CLUSTER ROLE that of any group.")
@click.option("--choose", "asks", is_flag=True, help="Log in to one chosen from a list.")
@click.option(
    "--max-output",
    metavar="BYTES",
    type=click.IntRange(0),
    default=1 << 20,
    help="At most this much of a stream in JSON.",
)
@click.pass_obj
def command(
    session: Session, /, words: tuple[str, ...], again: bool, asks: bool, max_output: int, **given: Any
) -> Result:
    """Run CMD on every in-service instance of the group of CLUSTER ROLE at once, and show what each prints as it comes.

    CMD is one word: quote it, or put it after --. Without CMD, log in to one instance through the ssh program. CLUSTER
    and ROLE may be lists (webapp,worker) or '*'. Host keys are checked: by known_hosts and the key pinned
    to the instance id, which must agree; where there is neither, by what the instance printed on its console. Your
    OpenSSH configuration is followed, see docs/configuration.md; --via ssm needs no connection, see docs/ssm.md.

    The exit status is the highest of the hosts (a signal: 128 and its number), 255 if one could not be reached.

    \b
    udo ssh stage webapp uptime
    udo ssh stage webapp "df -h / | tail -1"
    udo ssh stage.webapp -- ls -l /var/log
    udo ssh prod webapp "systemctl restart shop" --sudo --canary 1 --batch 25% --max-failures 2
    udo ssh prod webapp "systemctl is-active shop" --only-failed
    udo ssh prod webapp --script ./collect.sh --newest 3
    udo ssh prod webapp "psql shop" --stdin --newest 1 < migration.sql
    udo ssh prod webapp "rpm -q openssl" --diff
    udo ssh prod webapp --last --fold
    udo ssh stage webapp
    udo ssh stage webapp --choose
    """
    after = click.get_current_context().meta[_AFTER]
    if again:
        return _last(session, (*words, *after), max_output, given)
    roles, rest = fan_out_roles(session.config, words)
    asked = dict(given)
    reads = given.pop("reads")
    flags = {"sudo": given.pop("sudo"), "reads": reads, "tty": given.pop("tty")}
    work = remote(rest, after, given.pop("script"), given.pop("env"), **flags)
    if not work.command and session.options.output != "text":
        raise UsageError("a login has no output to format", hint="give a command, or leave -o out")
    if asks and work.command:
        raise UsageError("--choose is for a login", hint="leave the command out, or name instances by --instance")
    if asks:
        check_terminal()
    seen = view(session, given)
    user, via = given.pop("user"), given.pop("via")
    ways = Ways(check_kept(session, roles, asked, work), given["connect_timeout"])
    whom, how = whom_of(given), how_of(given)
    hosts = observe_hosts(session, roles, whom, user, via, ways=ways)
    if not work.command:
        hosts = [choose(session, hosts) if asks else within_reach(hosts)[0][0]]
    waves = {name: count for name, count in how.rolling(len(hosts)).items() if name in ("canary", "batch")}
    shown = session.output.hosts([host.instance_id for host in hosts], longest=max_output, **seen, **waves)
    with Given(session) as source:
        return Run(session, parts(session, hosts, how, sudo=work.sudo), shown, source if reads else None).result(work)


def _last(session: Session, words: tuple[str, ...], max_output: int, given: dict[str, Any]) -> Result:
    """Shows the last run again. Raises: UsageError for what says whom or how another one would be made."""
    roles, rest = fan_out_roles(session.config, words) if words else ((), ())
    seen = view(session, given)
    source = click.get_current_context().get_parameter_source
    made = [name for name in (*given, "asks") if source(name) is ParameterSource.COMMANDLINE]
    if rest or made:
        names = {option.name: option.opts[0] for option in click.get_current_context().command.params}
        told = repr(rest[0]) if rest else names[made[0]]
        raise UsageError(f"--last takes no {told}: it only shows the last run", hint="leave one of them out")
    kept = last(session, roles)
    return shown_again(session, kept, session.output.hosts(kept.instance_ids, longest=max_output, **seen))
