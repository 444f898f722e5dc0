"""Masks what looks like a secret in lines of text that are about to be shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from udo.change.encoded import encoded

MASK = "****"
# What is longer is no text for reading, and matching it takes too long.
_LONGEST = 4000

# A name that is given a secret: DB_PASSWORD, "apiKey", --auth-token, secretsmanager_arn too (better one too many).
_NAME = (
    r"(?<![\w.-])[\w.-]*?(?:passw|passphrase|pwd|secret|token|credential|signature|(?:api|access|private)[_-]?key"
    r"|(?<![a-z])pass(?![a-z])|[_-]key(?![a-z]))[\w.-]*"
)
_ASSIGNED = re.compile(rf"(?i)(?P<name>{_NAME})(?:(?P<sep>(?:\\*[\"'])?\s*(?:=>|:=|[:=])\s*)|(?<=\w)(?P<gap>\s+))")
_BLOCK = re.compile(r"(?:[|>][-+0-9]*)?\s*(?:#.*)?")
# What a shell or a template puts in while it runs is not in the text; a plain echo is.
_ELSEWHERE = re.compile(r"\\*[\"']?(?:\$\w+|\$\{\w+\}|\$\((?!\s*(?:echo|printf)\b)|`(?!\s*(?:echo|printf)\b))")
_WORD = re.compile(r"[^\s\"'&;|)},\]]*")
_LINE_START = re.compile(
    r"[\s#-]*(?:(?:export|set|setenv|local|readonly|declare|env)\s+(?:-\w+\s+)*)?[\"']?", re.IGNORECASE
)
_KEY_BEGINS = re.compile(r"(?i)-{4,5} ?BEGIN (?![^-]*PUBLIC)[^-]*KEY[^-]*-{4,5}")
_KEY_ENDS = re.compile(r"-{4,5} ?END ")

# Each keeps its first group, where it has one.
_ALWAYS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(authorization(?:\\*[\"'])?\s*[:=]\s*(?:\\*[\"'])?)[^\"'\\]+",
        r"(?i)(\b(?:bearer|basic)\s+)(?=\S*[\d=+/])[\w.~+/=-]{8,}",
        r"(://)[^\s/@\"']*:[^\s/@\"']*(?=@)",
        r"(://)[^\s/@:\"']{16,}(?=@)",
        r"((?:AKIA|ASIA))[0-9A-Z]{12,}",
        r"\b(eyJ)[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?",
        r"\b(gh[pousr]_|github_pat_|glpat-|xox[a-z]-|npm_|sk-|sk_live_|rk_live_|AIza)[\w-]{10,}",
        r"(hooks\.slack\.com/(?:services|workflows)/)[\w/]+",
        r"(?<!\S)(-u\s*|--(?:proxy-)?user[= ]\s*)(?!\d+:\d+(?!\S))[\"']?[^\s:\"']+:[^\s\"']+[\"']?",
        r"(\b(?:sshpass|mysql\w*|docker\s+login)\b[^|;&]{0,300}?\s-p\s*)[^\s-]\S*",
        r"(\becho\b|\bprintf\b|<<<)[^|]{0,300}(?=\|\s*(?:sudo\s+)?chpasswd)",
        r"(\bchpasswd\b.*<<<\s*).+",
        r"(?i)(\blogin\s+\S+\s+password\s+)\S+",
        r"(?i)(^\s*password\s+)\S+\s*$",
        r"(?i)(<[\w:.-]*(?:passw|secret|token|key)[\w:.-]*>)[^<]+",
        r"(\$(?:1|2[aby]|5|6|y)\$)[\w./$=+-]{8,}",
        r"(?<![\w+/=])(?=[A-Z0-9+/]{0,39}[a-z])(?=[a-z0-9+/]{0,39}[A-Z])(?=[A-Za-z+/]{0,39}\d)()[A-Za-z0-9+/]{40}(?![\w+/=])",
        r"(?<![\w+/=])()[A-Za-z0-9+/]{100,}={0,2}",
    )
)


def masked(lines: Iterable[str]) -> list[str]:
    """The lines, each with what looks like a secret replaced; as many as there were.

    A name like PASSWORD before `=` or `:`, credentials in URLs and headers, access keys, well-known tokens, private
    keys, long base64 and what is decoded at boot count as secret; what a variable or a command puts in then does not.
    """
    masking, rows = _Masking(), list(lines)
    found = encoded(rows)
    ends = [found.get(number, len(row)) for number, row in enumerate(rows)]
    return [masking.line(row[:end]) + _hidden(row[end:]) for row, end in zip(rows, ends, strict=True)]


def _hidden(value: str) -> str:
    return value if not value or _BLOCK.fullmatch(value) else MASK


@dataclass
class _Masking:
    """What is left open by the lines so far: `inside` masks the next line or gives None where it is outside again."""

    inside: Callable[[str], str | None] | None = None

    def line(self, line: str) -> str:
        if self.inside:
            within = self.inside(line)
            if within is not None:
                return within
            self.inside = None
        rest = f"... {len(line) - _LONGEST} more characters" if len(line) > _LONGEST else ""
        line = "".join(self._key(line[:_LONGEST]))
        line = "".join(self._assigned(line))
        for pattern in _ALWAYS:
            line = pattern.sub(lambda found: f"{found[1]}{MASK}", line)
        return line + rest

    def _key(self, line: str) -> Iterator[str]:
        begun = _KEY_BEGINS.search(line)
        if begun is None:
            yield line
            return
        yield line[: begun.end()] + MASK
        ended = _KEY_ENDS.search(line, begun.end())
        if ended:
            yield line[ended.start() :]
        else:
            self.inside = self._in_key

    def _in_key(self, line: str) -> str:
        ended = _KEY_ENDS.search(line)
        if ended is None:
            return MASK
        self.inside = None
        return f"{MASK}{line[ended.start() :]}"

    def _assigned(self, line: str) -> Iterator[str]:
        at = 0
        while found := _ASSIGNED.search(line, at):
            if found["gap"] and not found["name"].startswith("-"):
                yield line[at : found.end()]
                at = found.end()
                continue
            yield line[at : found.end()]
            end = self._value_end(line, found)
            yield MASK if end > found.end() else ""
            at = end
        yield line[at:]

    def _value_end(self, line: str, found: re.Match[str]) -> int:
        """Where the value that begins at the end of the match ends; there itself where it is not to be masked."""
        start, rest = found.end(), line[found.end() :]
        if ":" in (found["sep"] or "") and _BLOCK.fullmatch(rest):
            self.inside = _in_block(found.start(), empty=not rest.strip())
            return start
        if not rest or _ELSEWHERE.match(rest):
            return start
        if quote := re.match(r"\\*[\"']", rest):
            return self._quoted_end(line, start, quote[0])
        if _LINE_START.fullmatch(line[: found.start()]) and not found["gap"]:
            return len(line)
        return _word_end(line, start)

    def _quoted_end(self, line: str, start: int, quote: str) -> int:
        closing = re.compile(re.escape(quote) if len(quote) > 1 or quote == "'" else r"(?<!\\)\"")
        closed = closing.search(line, start + len(quote))
        if closed is None:
            self.inside = self._in_quotes(closing)
            return len(line)
        # A shell joins what follows a quote without a space.
        following = line[closed.end() : closed.end() + 1]
        if following in ("'", '"') and len(quote) == 1:
            return self._quoted_end(line, closed.end(), following)
        return _word_end(line, closed.end())

    def _in_quotes(self, closing: re.Pattern[str]) -> Callable[[str], str | None]:
        def within(line: str) -> str:
            closed = closing.search(line)
            if closed is None:
                return MASK
            self.inside = None
            return f"{MASK}{line[closed.start() :]}"

        return within


def _word_end(line: str, start: int) -> int:
    found = _WORD.match(line, start)
    return found.end() if found else start


def _in_block(column: int, *, empty: bool) -> Callable[[str], str | None]:
    """The lines of a YAML value that stand further in than the name at `column`, or as its list."""

    def within(line: str) -> str | None:
        indent = len(line) - len(line.lstrip(" "))
        inside = indent > column or (empty and indent == column and line.lstrip().startswith("- "))
        if line.strip() and not inside:
            return None
        return f"{' ' * indent}{MASK}" if line.strip() else line

    return within
