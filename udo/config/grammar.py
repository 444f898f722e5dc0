"""Words for breaches of YAML's grammar, in place of the parser's own."""

from __future__ import annotations

from typing import Any

from udo.config.light_yaml import yaml
from udo.errors import Problem

_TAB = "a tab: YAML is indented with spaces"

# The left column is libyaml's (scanner.c and parser.c).
_WORDS = {
    "mapping values are not allowed in this context": "a ':' does not fit here: check the indentation, or put the "
    "value in quotes",
    "could not find expected ':'": "a ':' is missing after the key, or the indentation is wrong",
    "did not find expected key": "this does not fit what is above it: check the indentation",
    "did not find expected node content": "a value is missing",
    "did not find expected ',' or ']'": "a ',' or ']' is missing",
    "did not find expected ',' or '}'": "a ',' or '}' is missing",
    "did not find expected '-' indicator": "the elements of a list begin with '-' and are indented alike",
    "did not find expected <document start>": "this does not fit what is above it: check the indentation",
    "block sequence entries are not allowed in this context": "a list begins on a line of its own, below its key",
    "block mapping entries are not allowed in this context": "a mapping begins on a line of its own, below its key",
    "mapping keys are not allowed in this context": "a '?' does not fit here: put the value in quotes",
    "found unexpected end of stream": "the file ends within quotes",
    "found unexpected document indicator": "the document ends within quotes",
    "found unknown escape character": "double quotes do not know this escape: use single quotes, or write \\\\",
    "did not find expected hexdecimal number": "the escape wants hexadecimal digits",
    "found invalid Unicode character escape code": "the escape is no character",
    "did not find expected alphabetic or numeric character": "a name is missing after '&' or '*'",
    "found undefined tag handle": "tags are not allowed, write the value alone",
    "did not find expected tag URI": "tags are not allowed, write the value alone",
    "did not find expected whitespace or line break": "a space is missing",
    "found undefined anchor": "the alias stands for nothing before it",
    "found a tab character where an indentation space is expected": _TAB,
    "found a tab character that violates indentation": _TAB,
    "found incompatible YAML document": "another version of YAML: remove the '%YAML' line",
    "found unknown directive name": "a line that begins with '%': put the value in quotes",
    "found an indentation indicator equal to 0": "an indentation of 0 cannot be asked for",
    "did not find expected comment or line break": "nothing may follow '|' or '>' on its line",
    "control characters are not allowed": "a control character is not allowed in a configuration file",
}


# What a reference without quotes comes to in a line with brackets.
_FLOW = ("did not find expected ',' or ']'", "did not find expected ',' or '}'")


def breach(error: yaml.YAMLError, text: str, label: str) -> Problem:
    """The problem a parser's error tells of, where it happened, in words that say what to do."""
    found: Any = error
    mark = getattr(found, "problem_mark", None) or getattr(found, "context_mark", None)
    problem = str(getattr(found, "problem", None) or "it cannot be read")
    if mark is None:
        return Problem(label, 0, 0, f"not YAML: {_WORDS.get(problem, problem)}")
    words = _words(problem, (text.splitlines() or [""])[: mark.line + 1][-1], mark)
    return Problem(label, mark.line + 1, mark.column + 1, f"not YAML: {words}{_began(found, mark)}")


def _words(problem: str, line: str, mark: Any) -> str:
    if "cannot start any token" in problem:
        sign = line[mark.column : mark.column + 1]
        return _TAB if sign == "\t" else f"a value cannot begin with '{sign}': put it in quotes"
    if problem == "did not find expected key" and line[: mark.column].strip():
        return "this does not fit what comes before it on the line: put the whole value in quotes"
    words = _WORDS.get(problem, problem)
    if problem in _FLOW and "${" in line:
        return f"{words}: within brackets, put a value with '${{' in quotes"
    return words


def _began(error: Any, mark: Any) -> str:
    context = str(getattr(error, "context", ""))
    began = error.context_mark if context.startswith(("while parsing a", "while scanning a quoted")) else None
    if began is None or began.line == mark.line:
        return ""
    return f" (what it belongs to begins in line {began.line + 1})"
