"""What people ask of the front door, read from the bodies of requests and turned into command lines."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen
from udo.serve.scopes import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

# Words as people type them; nothing that could be taken for an option.
_WORD = re.compile(r"[^\s-][^\x00-\x1f\x7f]{0,511}|-")
# The name of a stack in AWS.
STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_PLAIN_URL = re.compile(r"https://[A-Za-z0-9._~/+=@,:-]{1,1000}")
_UNDER_WAY = "_IN_PROGRESS"
_LONGEST = 64
# What a run may do with stacks.
_OF_STACKS = ("plan", "create", "update", "delete")


class Wrong(Exception):
    """A request that cannot be granted; `code` is the word of its document."""

    def __init__(self, code: str, message: str, hint: str | None) -> None:
        super().__init__(f"{message}: {hint}" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint


@frozen
class Option:
    """One option of a verb by its long name: whether it is a switch, may be given often, or names a file here."""

    name: str
    is_flag: bool = False
    is_repeated: bool = False
    is_local: bool = False
    off: str = ""


@frozen
class Asked:
    """A command line that was asked for, and the word that a key needs for it.

    `stack` is the name in AWS of the one it is about, `made_of` what udo.yml would say of it where it says nothing.
    """

    word: str
    words: tuple[str, ...]
    stack: str | None = None
    is_protected: bool = False
    made_of: Mapping[str, Any] | None = None


@frozen
class Meant:
    """What a word means by which a stack is named: its name in AWS, and whether udo.yml protects it from the verb."""

    name: str
    is_known: bool
    is_protected: bool


@frozen
class Orders:
    """Reads bodies.

    `options` are those of a verb (two words for one of a group), None for no verb; `is_protected` says it of the words
    after a verb; `meant` is the stack that a word means, given parameters and what is to become of it; `templates` are
    the beginnings of URLs of templates that may be used.
    """

    verbs: Collection[str]
    options: Callable[[str], Mapping[str, Option] | None]
    is_protected: Callable[[str, Sequence[str]], bool]
    meant: Callable[[str, Mapping[str, str], str], Meant]
    templates: Callable[[], Sequence[str]]

    def create(self, body: Mapping[str, Any]) -> Asked:
        """The stack to make. Raises: Wrong; UdoError."""
        _known(body, ("stackname", "templateurl", "stack", "parameters"))
        params = _texts(body, "parameters")
        if "stack" in body:
            if "templateurl" in body:
                raise Wrong("usage", "stack and templateurl exclude each other", "give one of them")
            key, meant = self._ordered(body, params, "create")
            given = [f"--param={one}={value}" for one, value in params.items()]
            return _of_stack("create", meant, ("stack", "create", key, *given, "--yes"))
        name, url = _stack_name(body), _text(body, "templateurl")
        meant = self.meant(name, {}, "create")
        if meant.is_known:
            says = f"stackname: {name} is a stack of udo.yml"
            raise Wrong("usage", says, "order it as `stack`, without a templateurl")
        if not _is_below(url, self.templates()):
            known = ", ".join(self.templates()) or "none: serve.template_urls of udo.yml is empty"
            raise Wrong("forbidden", f"templateurl: it is none of those that may be used ({known})", None)
        return _of_stack(
            "create", meant, ("stack", "create", name, "--yes"), {name: {"template": url, "parameters": params}}
        )

    def delete(self, body: Mapping[str, Any]) -> Asked:
        """The stack to delete. Raises: Wrong; UdoError."""
        _known(body, ("stackname", "stack", "parameters"))
        params = _texts(body, "parameters")
        if "stack" in body:
            _, meant = self._ordered(body, params, "delete")
        else:
            meant = self.meant(_stack_name(body), {}, "delete")
        # By its name in AWS, which is what the key was asked about.
        return _of_stack("delete", meant, ("stack", "delete", meant.name, "--yes"))

    def run(self, body: Mapping[str, Any]) -> Asked:
        """The run of a verb. Raises: Wrong; UdoError."""
        _known(body, ("verb", "words", "options", "dry_run"))
        verb = _text(body, "verb")
        if verb in NEVER:
            raise Wrong("forbidden", f"verb: '{verb}' never runs through the front door", None)
        if verb not in self.verbs:
            close = difflib.get_close_matches(verb, set(self.verbs) - NEVER, 1)
            raise Wrong("usage", f"verb: no verb {verb!r}", f"did you mean {close[0]!r}?" if close else None)
        words = body.get("words", [])
        if not isinstance(words, list) or len(words) > _LONGEST:
            raise Wrong("usage", "words: a list of words, as they follow the verb", None)
        for word in words:
            if not isinstance(word, str) or not _WORD.fullmatch(word):
                raise Wrong("usage", f"words: {word!r} is no word", "options go into `options`, by their long names")
        only_shows = _flag(body, "dry_run")
        options = body.get("options", {})
        if not isinstance(options, dict):
            raise Wrong("usage", "options: an object of long names and values", None)
        told = self._options(verb, words, options)
        line = (verb, *words, *told, *(("--dry-run",) if only_shows else ()))
        if verb == "stack":
            return self._run_of_stack(words, options, line, only_shows=only_shows)
        return Asked(f"runs:{verb}", line, None, not only_shows and self.is_protected(verb, words))

    def _run_of_stack(
        self, words: Sequence[str], options: Mapping[str, Any], line: tuple[str, ...], *, only_shows: bool
    ) -> Asked:
        """One about a stack, for which a key needs what it needs for the paths of stacks."""
        how, word = (*words, "", "")[:2]
        if how not in _OF_STACKS or not word:
            raise Wrong("usage", f"words: for stack {', '.join(_OF_STACKS)} and a name", "GET /stacks has the rest")
        given = options.get("param", [])
        pairs = (str(one).partition("=") for one in (given if isinstance(given, list) else [given]))
        meant = self.meant(word, {name: value for name, _, value in pairs}, how)
        asked = _of_stack("update" if how == "plan" else how, meant, line)
        return asked if not only_shows and how != "plan" else replace(asked, is_protected=False)

    def _ordered(self, body: Mapping[str, Any], params: Mapping[str, str], how: str) -> tuple[str, Meant]:
        """The key in udo.yml of an order, and the stack that it means."""
        key = _text(body, "stack")
        meant = self.meant(key, params, how)
        if not meant.is_known:
            raise Wrong("usage", f"stack: udo.yml has no {key!r}", None)
        if body.get("stackname", meant.name) != meant.name:
            says = f"stackname: stack {key} with these parameters is called {meant.name}"
            raise Wrong("usage", says, "leave it out")
        return key, meant

    def _options(self, verb: str, words: Sequence[str], given: Mapping[str, Any]) -> list[str]:
        known = self.options(" ".join([verb, *words[:1]])) or self.options(verb) or {}
        told: list[str] = []
        for name, value in given.items():
            option = known.get(name)
            if option is None:
                close = difflib.get_close_matches(name, known, 1)
                raise Wrong(
                    "usage",
                    f"options.{name}: {verb} has none of that name",
                    f"did you mean {close[0]!r}?" if close else None,
                )
            if option.is_local:
                raise Wrong("forbidden", f"options.{name}: it names what is on the server, and stays there", None)
            told += _told(option, value)
        return told


def _of_stack(how: str, meant: Meant, words: tuple[str, ...], made_of: Mapping[str, Any] | None = None) -> Asked:
    return Asked(f"stacks:{how}", words, meant.name, meant.is_protected, made_of)


def is_under_way(document: Mapping[str, Any]) -> bool:
    """Whether the events of a stack tell of one at which AWS is at work."""
    data = document.get("data")
    state = data.get("state") if isinstance(data, dict) else None
    return str(state).endswith(_UNDER_WAY)


def _told(option: Option, value: Any) -> list[str]:
    if option.is_flag:
        if not isinstance(value, bool):
            raise Wrong("usage", f"options.{option.name}: true or false", None)
        if value:
            return [f"--{option.name}"]
        return [option.off] if option.off else []
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 and not option.is_repeated:
        raise Wrong("usage", f"options.{option.name}: one value", None)
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
        raise Wrong("usage", f"options.{option.name}: a text or a number", None)
    if any("\x00" in str(one) for one in values):
        raise Wrong("usage", f"options.{option.name}: no text", None)
    # In one word, so that no value is taken for an option.
    return [f"--{option.name}={one}" for one in values]


def _is_below(url: str, beginnings: Sequence[str]) -> bool:
    """Whether a URL begins so, and stays there, whoever reads it."""
    return _PLAIN_URL.fullmatch(url) is not None and any(
        url.startswith(one) and ".." not in url and "//" not in url[len(one) :] for one in beginnings
    )


def _stack_name(body: Mapping[str, Any]) -> str:
    name = _text(body, "stackname")
    if not STACK.fullmatch(name):
        raise Wrong("usage", f"stackname: {name!r} is no name of a stack", "letters, digits and hyphens")
    return name


def _known(body: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in body:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(names)}"
            raise Wrong("usage", f"{name}: nothing of that name is taken", hint)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise Wrong("usage", f"{name}: a text is wanted", None)
    return value


def _texts(body: Mapping[str, Any], name: str) -> dict[str, str]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise Wrong("usage", f"{name}: an object of names and texts", None)
    for one, text in value.items():
        if (
            not isinstance(text, str | int)
            or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,254}", one)
            or "\x00" in str(text)
        ):
            raise Wrong("usage", f"{name}.{one}: a text is wanted", None)
    return {one: str(text).lower() if isinstance(text, bool) else str(text) for one, text in value.items()}


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Wrong("usage", f"{name}: true or false", None)
    return value
