"""What libraries compile and read when they are imported waits for its first use, and is then what it was."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from udo import late
from udo.aws import undocumented

LATE = ("yaml.reader", *undocumented._LATE)
LOADED = """
import sys
from udo.aws import undocumented
undocumented.load()
import urllib3.http2, urllib3.util.url, udo.config.light_yaml, yaml.reader
print(type(urllib3.util.url._URI_RE).__name__, type(yaml.reader.Reader.NON_PRINTABLE).__name__)
print("importlib.metadata" in sys.modules, urllib3.http2.version("click"))
print(urllib3.util.url.parse_url("https://[::1]:8080/a?b").host, yaml.reader.Reader("a\\tb").peek())
import importlib.metadata
print(importlib.metadata.version("click"))
"""


@pytest.mark.whole
def test_botocore_and_yaml_are_imported_without_what_they_do_not_need() -> None:
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    first, second, third, click = told.splitlines()
    assert first == "_Pattern _Pattern"
    assert second == f"False {click}"
    assert third == "[::1] a"


@pytest.mark.parametrize("module", LATE)
def test_patterns_that_wait_are_only_asked_by_their_methods(module: str) -> None:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "re." in ast.unparse(node.func)[:3]]
    # A function of `re` wants a pattern that is compiled, or text.
    others = [node for node in called if ast.unparse(node.func) not in ("re.compile", "re.escape")]
    assert all(isinstance(node.args[0], ast.Constant) for node in others)
    assert any(ast.unparse(node.func) == "re.compile" for node in called)


def test_a_pattern_that_waits_matches_as_it_would() -> None:
    with late.patterns(__name__):
        waiting = re.compile(r"(?P<one>a+)b", flags=re.IGNORECASE)
    compiled = re.compile(r"(?P<one>a+)b", flags=re.IGNORECASE)
    assert type(waiting) is not type(compiled)
    for text in ("AAb", "xab", "b"):
        for ask in ("match", "search", "fullmatch", "findall"):
            found, wanted = getattr(waiting, ask)(text), getattr(compiled, ask)(text)
            assert (found and str(found)) == (wanted and str(wanted))
    assert waiting.sub(r"\g<one>", "AAb ab") == "AA a"
    assert (waiting.pattern, waiting.flags, waiting.groupindex) == (compiled.pattern, compiled.flags, {"one": 1})


def _fails() -> None:
    with late.patterns("somebody.else"):
        assert isinstance(re.compile("a"), re.Pattern)
        raise ImportError


def test_others_compile_at_once_and_all_do_after_an_import_that_fails() -> None:
    before = re.compile
    with pytest.raises(ImportError):
        _fails()
    assert re.compile is before
