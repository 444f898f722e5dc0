"""Every failure a person can meet, each with its exit code and a stable word for scripts.

UdoError                 1  failed        tried, and it did not work
├── UsageError           2  usage         the command line is wrong; nothing was called
├── ConfigError          2  config        udo.yml is wrong; carries every problem found
├── Absent               1  absent        what was named is not there, or there is nothing to work on
├── EndedBadly           1  failed        what was waited for came to a bad end; carries its last state
│   └── GuardRaised      1  guard         what guards a change ended it, as an alarm does
├── PartlyDone           3  partial       some roles, targets or hooks failed
├── Conflict             4  conflict      somebody else is or was at work; nothing was overwritten
├── CredentialsError     6  credentials   no, wrong or expired credentials
├── PermissionDenied     6  permission    the missing IAM action is named
├── Refused              7  refused       stopped before any change
│   └── NotConfirmed     7  unconfirmed   nobody was there to say yes
├── AwsError             1  aws           AWS refused a request; carries AWS's own code
│   ├── AlreadyThere     1  aws           the name is taken
│   ├── NotSent          1  unreachable   certainly did not take effect; may be sent again
│   └── LostAnswer       1  lost          sent, but it is unknown whether it took effect
└── DeadlinePassed     124  deadline      AWS is still working

Interrupted, 130 (SIGTERM 143, SIGHUP 129), is none of these: it is no Exception, which foreign code catches.
"""

from __future__ import annotations

from dataclasses import dataclass


def one_line(message: str, hint: str | None) -> str:
    """A message and what to do about it, as one line."""
    if not hint:
        return message
    return f"{message} {hint}" if message.endswith("?") else f"{message}: {hint}"


class UdoError(Exception):
    """A failure told in one line: what, where, and (in `hint`) what to do.

    `data` is what the command can still report to a script.
    """

    exit = 1
    code = "failed"
    data: object = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return one_line(self.message, self.hint)


class UsageError(UdoError):
    """The command line cannot be carried out as written."""

    exit = 2
    code = "usage"


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a configuration file; `line` and `column` count from 1, 0 where there is none."""

    file: str
    line: int
    column: int
    message: str

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column."""
        return self.file, self.line, self.column

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class ConfigError(UdoError):
    """The configuration is wrong; `problems` holds every mistake found, in file order."""

    exit = 2
    code = "config"

    def __init__(self, *problems: Problem, hint: str | None = None) -> None:
        super().__init__("\n".join(str(problem) for problem in sorted(problems)), hint=hint)
        self.problems = tuple(sorted(problems))


class Absent(UdoError):
    """What was named does not exist, or has nothing in it to work on."""

    code = "absent"


class EndedBadly(UdoError):
    """What was waited for ended in a state that is a failure; `state` is that state."""

    def __init__(self, message: str, *, state: object, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.state = state


class GuardRaised(EndedBadly):
    """What guards a change has ended it; `stuck` is what kept the way back from being carried out."""

    code = "guard"
    stuck: UdoError | None = None


class PartlyDone(UdoError):
    """Some of the work succeeded and some failed; the message names what failed."""

    exit = 3
    code = "partial"


class Conflict(UdoError):
    """The world is not what the plan was made for; nothing was overwritten."""

    exit = 4
    code = "conflict"


class CredentialsError(UdoError):
    """There are no credentials, or AWS does not accept them."""

    exit = 6
    code = "credentials"


class PermissionDenied(UdoError):
    """The credentials are good, but an IAM action is not allowed."""

    exit = 6
    code = "permission"


class Refused(UdoError):
    """Stopped before any change: not confirmed, protected, the wrong account or a foreign target."""

    exit = 7
    code = "refused"


class NotConfirmed(Refused):
    """A question needs an answer, and there is nobody to ask."""

    code = "unconfirmed"


class AwsError(UdoError):
    """AWS refused a request; `aws_code` is the code of its answer, empty where it gave none."""

    code = "aws"

    def __init__(self, message: str, *, aws_code: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.aws_code = aws_code


class AlreadyThere(AwsError):
    """The name of what was to be created is taken."""


class NotSent(AwsError):
    """The request certainly took no effect (throttled, or the connection was refused)."""

    code = "unreachable"


class LostAnswer(AwsError):
    """The request was sent and no readable answer came: it may have taken effect."""

    code = "lost"


class DeadlinePassed(UdoError):
    """The time allowed is over while AWS is still working."""

    exit = 124
    code = "deadline"


class Interrupted(BaseException):
    """A signal asked to stop; `signal` is its number and sets the exit code. `data` as in UdoError."""

    code = "interrupted"
    data: object = None

    def __init__(self, message: str, *, signal: int = 2, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit = 128 + signal

    def __str__(self) -> str:
        return one_line(self.message, self.hint)


# Whatever ends a command early.
Failure = UdoError | Interrupted
