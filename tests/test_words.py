"""The words after a verb: CLUSTER ROLE, CLUSTER.ROLE, lists and '*'; exact names, and nothing guessed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from udo import config as configuration
from udo.config import Config
from udo.errors import UsageError
from udo.selectors import changing_roles, fan_out_roles, no_more, one_role, reading_roles

TEXT = """
clusters:
  dev: {roles: {webapp: {}}}
  prod: {roles: {web: {}, webapp: {}, worker: {}}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "udo.yml"
    path.write_text(TEXT)
    return configuration.load(path, os.environ)


def test_a_file_of_another_folder_is_named_whole(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in ((tmp_path, "udo.yml"), (Path("/"), str(tmp_path / "udo.yml"))):
        monkeypatch.chdir(folder)
        with pytest.raises(UsageError) as told:
            config.roles("nosuch", None)
        assert f"no cluster 'nosuch' ({name})" in str(told.value)


def _labels(roles: object) -> list[str]:
    return [role.label for role in roles]  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", [("prod", "web", "rev"), ("prod.web", "rev")], ids=" ".join)
def test_one_role_is_two_words_or_one_with_a_dot(config: Config, words: tuple[str, ...]) -> None:
    role, rest = one_role(config, words)
    assert (role.cluster, role.name, rest) == ("prod", "web", ("rev",))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "which cluster and role"),
        (("prod",), "which role of cluster 'prod'"),
        (("prod", "webap"), "webapp"),
        (("prd", "web"), "prod"),
        (("prod", "*"), "more than one"),
        (("prod", "web,webapp"), "more than one"),
        (("prod.we*",), "not a name"),
        (("prod", "-web"), "not a name"),
        (("prod", "web/../x"), "not a name"),
        (("prod.web.app",), "not a name"),
        (("", "web"), "not a name"),
        ((".web",), "not a name"),
        (("prod", "web\n"), "not a name"),
    ],
)
def test_what_is_not_one_exact_role_is_refused(config: Config, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        one_role(config, words)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (("prod", "web"), ["prod web"]),
        (("dev",), ["dev webapp"]),
        (("*", "webapp"), ["dev webapp", "prod webapp"]),
        (("prod", "worker,web"), ["prod web", "prod worker"]),
        (("dev,prod", "*"), ["dev webapp", "prod web", "prod webapp", "prod worker"]),
        (("prod.*",), ["prod web", "prod webapp", "prod worker"]),
    ],
)
def test_reading_takes_lists_and_stars_in_the_order_of_the_file(
    config: Config, words: tuple[str, ...], labels: list[str]
) -> None:
    assert _labels(reading_roles(config, words)) == labels


def test_the_role_may_be_left_out_only_where_there_is_one(config: Config) -> None:
    with pytest.raises(UsageError, match="has the roles web, webapp, worker"):
        reading_roles(config, ("prod",))


def test_status_takes_everything_by_default(config: Config) -> None:
    assert len(reading_roles(config, (), all_by_default=True)) == 4
    assert len(reading_roles(config, ("prod",), all_by_default=True)) == 3


def test_a_fan_out_never_leaves_the_role_out(config: Config) -> None:
    with pytest.raises(UsageError, match="which role"):
        fan_out_roles(config, ("dev",))
    roles, rest = fan_out_roles(config, ("prod", "*", "uptime"))
    assert (len(roles), rest) == (3, ("uptime",))


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("web", "prod"), "no cluster 'web' (udo.yml)", "did you mean 'prod web'?"),
        (("prod-web",), "no cluster 'prod-web' (udo.yml)", "did you mean 'prod web'?"),
        (("prod-web", "s3://bucket/key"), "no cluster 'prod-web' (udo.yml)", "did you mean 'prod web'?"),
        (("shop-front", "uptime"), "no cluster 'shop-front' (udo.yml)", "did you mean 'dev front'?"),
        (("webapp",), "no cluster 'webapp' (udo.yml)", "did you mean 'dev webapp' or 'prod webapp'?"),
        (("prod",), "which role of cluster 'prod'?", "roles are web, webapp, worker"),
        ((), "which cluster and role?", "clusters are dev, prod"),
    ],
)
def test_what_was_probably_meant_is_told_with_the_roles_there_are(
    tmp_path: Path, words: tuple[str, ...], message: str, hint: str
) -> None:
    path = tmp_path / "udo.yml"
    path.write_text(TEXT.replace("webapp: {}}}", "webapp: {}, front: {group_name: shop-front}}}", 1))
    config = configuration.load(path, os.environ)
    for read in (one_role, changing_roles, fan_out_roles):
        with pytest.raises(UsageError) as caught:
            read(config, words)
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_word_too_many_is_named() -> None:
    no_more(())
    with pytest.raises(UsageError, match="unexpected word 'extra'"):
        no_more(("extra",))
