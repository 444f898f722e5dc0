"""Moves commands on: to a few instances first, then to more, until all have ended or too many have failed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.rules import rule
from udo.sandbox.strict.ssm import output
from udo.sandbox.strict.ssm.agents import ONLINE, Script, agents, instances, ping
from udo.sandbox.strict.ssm.command import Command, Invocation, commands_of
from udo.sandbox.strict.ssm.documents import Run, short_execution_timeouts_are_an_hour
from udo.sandbox.strict.ssm.faults import STATUSES, agent_faults
from udo.sandbox.strict.ssm.references import Unresolved, commands_refer_to_parameters
from udo.sandbox.strict.ssm.storage import outputs_are_stored_whole, wants_storage

# What an agent reports of a script that it ended itself, or that ends so; source: aws/amazon-ssm-agent 1c217c8,
# constants_unix.go and pluginutil_unix.go (GetStatus).
ENDED_BY_AGENT, REBOOT = 137, 194
# Source: aws/amazon-ssm-agent 1c217c8, runpluginutil.go; contracts ExitWithSuccess and ExitWithFailure.
_LAST_STEP = {168: "succeeded", 169: "Failed"}
_WORKERS = 5
# Seconds a reboot takes, on the sandbox's clock.
_REBOOTS = 60.0
# The most of an output that goes to S3.
MOST_STORED = 16 * 1024**2


def advance() -> None:
    """Moves every command up to the present moment."""
    steady.each(_move, _open())


def commands_are_running() -> bool:
    """Whether any command of any account and region has not ended."""
    return bool(_open())


def _open() -> list[Command]:
    from moto.ssm.models import ssm_backends

    return [
        one
        for account in list(ssm_backends.values())
        for backend in list(account.values())
        if "udo_commands" in vars(backend)
        for one in commands_of(backend).open()
    ]


def _move(command: Command) -> None:
    if moment.now() < command.delivered:
        return
    if not command.begun:
        command.begun = True
        command.exceeds = agent_faults.exceeds()
    if command.exceeds:
        for one in command.targets:
            one.end("Cancelled", "Canceled")
    known = instances(command.account, command.region)
    run = short_execution_timeouts_are_an_hour(command.params)
    for one in command.targets:
        if one.status in ("InProgress", "Cancelling"):
            _follow(command, one, run, known)
    commands_stop_after_too_many_errors(command)
    commands_reach_one_instance_first(command, run, known)
    commands_that_nobody_answers_expire(command, known)
    command.add_up()


def _follow(command: Command, one: Invocation, run: Run, known: Mapping[str, Any]) -> None:
    instance = known.get(one.instance_id)
    if instance is None or instance.state != "running":
        # Nobody will ever tell how it ended.
        if one.work is not None:
            one.work.end()
        one.work, one.due = None, math.inf
    elif ping(instance) != ONLINE:
        # It goes on, and nobody hears of it.
        return
    elif one.work is None and moment.now() >= one.due and not one.cancelling:
        _begin(command, one, run)
    elif one.work is None and one.cancelling:
        one.end("Cancelled", "Canceled")
    elif one.work is not None and one.work.ended:
        only_the_last_exit_status_counts(command, one)
    elif one.work is not None and moment.lived() - one.alive_since >= run.seconds:
        # Its own time is up by steps of the clock.
        one.work.end()


@rule("ssm", "SendCommand", moto="says Success of every command at once, and runs none")
def only_the_last_exit_status_counts(command: Command, one: Invocation) -> None:
    """An invocation ends as its script does: with the exit status of the last command, Success for 0, TimedOut where
    its agent had to end it or it ended with 137, and a line of the agent's after the errors of one that failed.

    With 194 the instance reboots, and the script is run once more; 168 is a success, 169 a failure, and both say so.

    Source: aws/amazon-ssm-agent 1c217c8, runscript.go (runCommands), pluginutil_unix.go (GetStatus), runpluginutil.go.
    """
    work = one.work
    assert work is not None
    one.work, one.out, one.errors = None, one.out + work.out, one.errors + work.errors
    code = work.code
    if code == REBOOT and not one.cancelling:
        one.due = moment.now() + _REBOOTS
        return
    if code not in (0, ENDED_BY_AGENT):
        one.errors += work.told.encode()
    if wants_storage(command):
        outputs_are_stored_whole(command, one)
    if code == ENDED_BY_AGENT:
        one.end(*(("Cancelled", "Canceled") if one.cancelling else ("TimedOut", "ExecutionTimedOut")), code)
    elif code == 0:
        one.end("Success", "Success", code)
    else:
        _last_step(one, code)
    one.out, one.errors = one.out[: output.MOST_OUT], one.errors[: output.MOST_OUT]


def _last_step(one: Invocation, code: int) -> None:
    if code in _LAST_STEP:
        told = f"\nStep exited with code {code}. Therefore, marking step as {_LAST_STEP[code]}. "
        one.out += (told + "Further document steps will be skipped.").encode()
        one.errors = b"" if code == 168 else one.errors
    ends = "Success" if code == 168 else "Failed"
    one.end(ends, ends, code)


@rule("ssm", "SendCommand", moto="knows no errors")
def commands_stop_after_too_many_errors(command: Command) -> None:
    """Once more invocations have failed or timed out than MaxErrors allows, those that have not begun are Terminated;
    the others go on to their end.

    Source: AWS Systems Manager User Guide, "Using error controls"; "Understanding command statuses" (Terminated).
    """
    if command.errors <= command.most_errors:
        return
    for one in command.targets:
        if one.status in ("Pending", "Delayed"):
            command.terminated = True
            one.end("Cancelled", "Terminated")


@rule("ssm", "SendCommand", moto="runs nothing")
def commands_reach_one_instance_first(command: Command, run: Run, known: Mapping[str, Any]) -> None:
    """A command goes to one instance; once that has ended to two, then to four, and so on up to MaxConcurrency.

    Source: AWS Systems Manager User Guide, "Using concurrency controls".
    """
    # What cannot be delivered holds nobody up.
    through = sum(one.ended or one.status == "Delayed" for one in command.targets)
    running = sum(one.status in ("InProgress", "Cancelling") for one in command.targets)
    for one in command.targets:
        if one.status not in ("Pending", "Delayed"):
            continue
        if running >= min(command.most_at_once, 1 << ((through + 1).bit_length() - 1)):
            return
        through -= one.status == "Delayed"
        _deliver(command, one, run, known)
        if one.details == "Failed" and command.errors > command.most_errors:
            # It ended before it began.
            return
        through += one.ended or one.status == "Delayed"
        running += one.status == "InProgress"


@rule("ssm", "SendCommand", moto="says that it ran, on instances that are gone, too")
def lost_agents_delay_commands(instance: Any, one: Invocation) -> bool:
    """An invocation is Delayed while the agent of its instance is lost, and Undeliverable where the instance is gone.

    Source: botocore ssm GetCommandInvocationResult, member StatusDetails (Delayed, Undeliverable).
    """
    state = None if instance is None else ping(instance)
    if state is None:
        one.end("Failed", "Undeliverable")
    elif state != ONLINE and one.status != "Delayed":
        one.status = one.details = "Delayed"
        agent_faults.missed(one.instance_id)
    return state == ONLINE


@rule("ssm", "SendCommand", moto="lets nothing expire")
def commands_that_nobody_answers_expire(command: Command, known: Mapping[str, Any]) -> None:
    """When TimeoutSeconds and the execution timeout have passed, what no agent has reported the end of is TimedOut,
    with the details DeliveryTimedOut, whether it ran or not.

    Source: AWS Systems Manager User Guide, "Understanding command timeout values"; botocore ssm Command, ExpiresAfter.
    """
    late = moment.now() >= command.expires
    # Scripts run in real time, and others wait for them: no speed of the clock makes them late.
    lasted_too_long = moment.lived() - command.sent >= command.expires - command.requested
    if not late and not lasted_too_long:
        return
    for one in command.targets:
        if not one.ended and (lasted_too_long or _is_unheard(one, known)):
            one.end("TimedOut", "DeliveryTimedOut")
            if lasted_too_long and one.work is not None:
                # The agent has ended it long ago, unheard.
                one.work.end()
            one.work = None


def _is_unheard(one: Invocation, known: Mapping[str, Any]) -> bool:
    instance = known.get(one.instance_id)
    return instance is None or ping(instance) != ONLINE or one.due == math.inf


def _deliver(command: Command, one: Invocation, run: Run, known: Mapping[str, Any]) -> None:
    if not lost_agents_delay_commands(known.get(one.instance_id), one):
        return
    if details := agent_faults.ends(one.instance_id):
        one.end(STATUSES[details], details)
        return
    one.status = one.details = "InProgress"
    one.due = moment.now() + agent_faults.slow(one.instance_id)
    if moment.now() >= one.due:
        _begin(command, one, run)


def _begin(command: Command, one: Invocation, run: Run) -> None:
    if agents.begin is None or not agents_run_five_commands_at_once(one.instance_id):
        return
    one.began = one.began or moment.now()
    one.alive_since = moment.lived()
    try:
        lines = commands_refer_to_parameters(_backend(command), run.lines)
    except Unresolved as error:
        one.errors = str(error).encode()
        one.end("Failed", "Failed", 1)
        return
    keeps = MOST_STORED if wants_storage(command) else output.MOST_OUT
    agent_faults.begun(one.instance_id)
    one.work = agents.begin(Script(command.id, one.instance_id, command.region, lines, run.folder, run.seconds, keeps))


@rule("ssm", "SendCommand", moto="runs nothing")
def agents_run_five_commands_at_once(instance_id: str) -> bool:
    """An agent runs five commands at once; the next one is InProgress until one of them has ended, and then begins.

    Source: aws/amazon-ssm-agent 1c217c8, constants.go (DefaultCommandWorkersLimit).
    """
    under_way = _open()
    if len(under_way) <= _WORKERS:
        return True
    here = (one for command in under_way for one in command.targets if one.instance_id == instance_id)
    return sum(one.work is not None for one in here) < _WORKERS


def _backend(command: Command) -> Any:
    from moto.ssm.models import ssm_backends

    return ssm_backends[command.account][command.region]
