"""Words for YAML's traps: what YAML 1.1 reads differently from how it looks."""

from __future__ import annotations

import re

_YES = frozenset({"yes", "on", "y", "1"})
_NO = frozenset({"no", "off", "n", "0"})


def flag_trap(text: str) -> str:
    """What to write where true or false is wanted and `text` stands; empty where that is anybody's guess."""
    word = text.lower()
    if word in _YES:
        return "write true"
    return "write false" if word in _NO else ""


def number_trap(text: str) -> str:
    """What to write where a number is wanted and `text` stands; empty where that is anybody's guess."""
    if re.fullmatch(r"-?0[0-9]{1,18}", text):
        return f"a leading 0 means base 8 to some readers of YAML, write {int(text)}"
    if re.fullmatch(r"[0-9]{1,9}(:[0-9]{1,2})+", text):
        return "digits with ':' mean base 60 to some readers of YAML"
    if re.fullmatch(r"\+[0-9]{1,18}|[1-9][0-9]{0,2}([_,][0-9]{3}){1,5}", text):
        return f"write {int(re.sub('[+_,]', '', text))}"
    if re.fullmatch(r"0[xXoO][0-9a-fA-F]{1,15}|0[bB][01]{1,60}", text):
        return _in_base_ten(text)
    if found := re.fullmatch(r"([1-9][0-9]{0,17})\.0*", text):
        return f"write {int(found[1])}"
    return ""


def _in_base_ten(text: str) -> str:
    try:
        return f"write {int(text, 0)}"
    except ValueError:
        return ""
