"""The clients: what each is made of, and the program that drives it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from installing import HERE, node_modules, python


@dataclass(frozen=True)
class Program:
    """Words to run in an environment; `env` is laid over that of the sandbox."""

    words: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Client:
    """A client by the name of its folder; `install` makes sure of it, or raises Missing.

    Its sandbox runs at `speed`: fast where a waiter looks every 15 seconds, slow enough to meet what is under way where
    requests follow each other at once.
    """

    name: str
    install: Callable[[], Program]
    speed: float = 60


def _aws() -> Program:
    place = python("aws")
    return Program((sys.executable, str(HERE / "aws/main.py"), str(place / "bin/aws")), {"AWS_PAGER": ""})


def _javascript() -> Program:
    node, modules = node_modules("javascript")
    return Program((str(node), str(HERE / "javascript/main.cjs")), {"NODE_PATH": str(modules)})


def _ansible() -> Program:
    place = python("ansible")
    env = {
        "ANSIBLE_STDOUT_CALLBACK": "assertions",
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "ansible/callback"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": str(place / "bin/python"),
    }
    words = (str(place / "bin/ansible-playbook"), "-i", "localhost,", "-c", "local", str(HERE / "ansible/main.yml"))
    return Program(words, env)


CLIENTS = (Client("aws", _aws), Client("javascript", _javascript, speed=5), Client("ansible", _ansible))
