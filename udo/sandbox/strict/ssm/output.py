"""What an agent makes of the outputs of a script, and how much of it Systems Manager shows."""

from __future__ import annotations

# Source: aws/amazon-ssm-agent 1c217c8, iohandler.go (DefaultOutputConfig, MaximumPluginOutputSize).
MOST_OUT, MOST_ERRORS, MOST_OF_A_PLUGIN = 24_000, 8_000, 2_500
_CUT = b"--output truncated--"
_TITLE = b"\n----------ERROR-------\n"
_OUT_CUT, _ERRORS_CUT = b"\n---Output truncated---", b"\n---Error truncated----"


def out(written: bytes) -> str:
    """Standard output as GetCommandInvocation shows it."""
    return _text(_prefix(written))


def errors(written: bytes) -> str:
    """Standard error as GetCommandInvocation shows it: cut by the agent, and then once more."""
    return _text(_prefix(written))[:MOST_ERRORS]


def of_a_plugin(out: bytes, errors: bytes) -> str:
    """Both outputs in one, as ListCommandInvocations shows them.

    Source: aws/amazon-ssm-agent 1c217c8, iohandler.go (TruncateOutput).
    """
    title = _TITLE if errors else b""
    space = MOST_OF_A_PLUGIN - len(title)
    if len(out) + len(errors) < space:
        return _text(out + title + errors)
    if len(out) > space // 2 and len(errors) > space // 2:
        half = (space - len(_ERRORS_CUT) - len(_OUT_CUT)) // 2
        return _text(out[:half] + _OUT_CUT + title + errors[:half] + _ERRORS_CUT)
    if len(out) <= space // 2:
        return _text(out + title + errors[: space - len(_ERRORS_CUT) - len(out)] + _ERRORS_CUT)
    return _text(out[: space - len(_OUT_CUT) - len(errors)] + _OUT_CUT + title + errors)


def _prefix(written: bytes) -> bytes:
    return written if len(written) < MOST_OUT else written[: MOST_OUT - len(_CUT)] + _CUT


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace")
