"""deploy --bundle on instances that have the agent: what the folder holds is on every one, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SMALL = """
region: us-west-2
ami: ami-0123456789abcdef0
app_name: shop
deploy: {application: shop, s3: {bucket: releases, prefix: webapp}}
clusters:
  stage:
    roles:
      webapp: {scale_policy: {min_size: 1, max_size: 3, desired: 2}, deployment_group: stage-webapp}
"""
SPEC = """version: 0.0
os: linux
files:
  - {source: /, destination: /srv/app}
hooks:
  AfterInstall:
    - {location: scripts/note.sh}
  ValidateService:
    - {location: scripts/look.sh}
"""


@pytest.fixture
def bundle(world: Any, ssh: Any, seeded: Callable[..., Any]) -> Iterator[Path]:
    """A folder of an application, in a world whose instances have the agent."""
    seeded(SMALL)
    folder = Path("bundle")
    files = {
        "appspec.yml": SPEC,
        ".udoignore": "*.log\n/node_modules/\n!keep.log\n",
        ".git/HEAD": "ref: refs/heads/main\n",
        ".hidden": "x",
        "scripts/note.sh": "#!/bin/sh\necho $BUNDLE_KEY $BUNDLE_ETAG > /srv/noted\n",
        "scripts/look.sh": "#!/bin/sh\ntest -f /srv/app/web/index.html && test ! -e /srv/app/trace.log\n",
        "web/index.html": "hello\n",
        "web/größe und mehr.txt": "é" * 5000,
        "web/keep.log": "kept\n",
        "web/trace.log": "not kept\n",
        "node_modules/x/index.js": "not kept\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in ("scripts/note.sh", "scripts/look.sh"):
        (folder / name).chmod(0o755)
    (folder / "web/index.html").chmod(0o640)
    (folder / "web/latest").symlink_to("index.html")
    (folder / "web/dangling").symlink_to("nothing")
    (folder / "empty").mkdir()
    yield folder
    world.agents.reset()


LEFT_OUT = {
    ".udoignore",
    ".git",
    ".git/HEAD",
    "web/trace.log",
    "node_modules",
    "node_modules/x",
    "node_modules/x/index.js",
}


def seen(folder: Path) -> dict[str, tuple[int, str | bytes]]:
    """Everything in a folder; the agent makes folders by its umask, so their modes do not count."""
    found: dict[str, tuple[int, str | bytes]] = {}
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (0, os.readlink(path))  # noqa: PTH115
        else:
            found[str(path.relative_to(folder))] = (0, b"") if path.is_dir() else (mode, path.read_bytes())
    return found


@pytest.mark.whole
def test_what_is_in_the_folder_is_on_every_instance_and_its_hooks_have_run(
    bundle: Path, world: Any, udo: Callable[..., Any]
) -> None:
    done = udo("deploy", "stage", "webapp", "--bundle", "./bundle")
    assert done.exit == 0, done.stderr
    hosts = [world.hosts.place(one).folder for one in world.instances() if one.state == "running"]
    assert len(hosts) == 2
    wanted = {name: held for name, held in seen(bundle).items() if name not in LEFT_OUT}
    [stored] = world.client("s3").list_objects_v2(Bucket="releases")["Contents"]
    for host in hosts:
        assert seen(host / "srv/app") == wanted
        key, etag = (host / "srv/noted").read_text().split()
        assert (key, etag.strip('"')) == (stored["Key"], stored["ETag"].strip('"'))
    (bundle / "web/index.html").unlink()
    (bundle / "web/other.html").write_text("other\n")
    (bundle / "scripts/look.sh").write_text("#!/bin/sh\nexit 0\n")
    again = udo("deploy", "stage", "webapp", "--bundle", "./bundle")
    assert again.exit == 0, again.stderr
    assert all({path.name for path in (host / "srv/app/web").glob("*.html")} == {"other.html"} for host in hosts)
