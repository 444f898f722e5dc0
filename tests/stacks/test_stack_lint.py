"""What cfn-lint has found is kept for the same template, region and cfn-lint, and trusted only as it was written."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from udo import cache_file
from udo.config.tree import Mark, Table
from udo.stacks import lint
from udo.stacks.lint import findings
from udo.stacks.template import Template

TEXT = "Resources: {Q: {Type: AWS::SQS::Que}}\n"
TOLD = "t.yml:1:17: Resource type 'AWS::SQS::Que' does not exist in 'eu-west-1' (E3006)"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def template(label: str = "t.yml", text: str = TEXT) -> Template:
    return Template(label, text, Table({}, Mark("udo.yml", 1, 1)))


def told(one: Template | None = None, region: str = "eu-west-1") -> list[str]:
    return [str(row.problem) for row in findings(one or template(), region) or ()]


def planted(says: str = "planted") -> Path:
    """Has something else kept for the template than what is wrong with it."""
    package = find_spec("cfnlint")
    assert package
    assert package.origin
    key = lint._key(Path(package.origin).parent, template(), "eu-west-1")
    cache_file.write("lint", key, {"found": [[1, 17, says, False]]})
    return cache_file._path("lint", key)


def test_what_is_kept_is_told_under_the_name_that_the_template_has_now() -> None:
    planted()
    assert told() == ["t.yml:1:17: planted"]
    assert told(template("sub/u.yml")) == ["sub/u.yml:1:17: planted"]


def test_it_is_kept_for_this_user_alone_and_for_this_template_and_region() -> None:
    assert told() == [TOLD]
    (kept,) = cache_file.cache_folder().glob("lint-*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    planted()
    assert told(region="eu-central-1") == [TOLD.replace("eu-west-1", "eu-central-1")]
    assert told(template(text=f"{TEXT}# more\n")) == [TOLD]


def test_another_cfn_lint_looks_anew(tmp_path: Path) -> None:
    keys = set()
    for version, schemas in (("1", "a"), ("2", "a"), ("2", "longer")):
        (tmp_path / "data/schemas/providers").mkdir(parents=True, exist_ok=True)
        (tmp_path / "version.py").write_text(version)
        (tmp_path / "data/schemas/providers/eu-west-1.json").write_text(schemas)
        keys.add(lint._key(tmp_path, template(), "eu-west-1"))
    assert len(keys) == 3


@pytest.mark.whole
@pytest.mark.parametrize("spoil", ["damaged", "others", "cut", "denied"])
def test_what_was_not_written_so_is_not_trusted(spoil: str, tmp_path: Path) -> None:
    file = planted()
    match spoil:
        case "damaged":
            file.write_text(file.read_text().replace("planted", "changed"))
        case "others":
            file.chmod(0o620)
        case "cut":
            file.write_bytes(file.read_bytes()[:-1])
        case "denied":
            (tmp_path / "cache/udo").chmod(0o770)
    assert told() == [TOLD]
