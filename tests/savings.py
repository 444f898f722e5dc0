"""What costs every test time and tells of nothing is done once a process, or seldom."""

from __future__ import annotations

import faulthandler
import functools
import gc
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

# A test that hangs for so many seconds tells where, and ends its process; the others go on.
_HUNG = 300.0
# pytest's own watch is a thread for each test, which is a fiftieth of the time.
_SELDOM = 10.0

# Looking for cycles at every 700 objects was a tenth of the time, half of it while tests are collected.
gc.set_threshold(50_000, 20, 100)


class Watch:
    """Watches for tests that hang: a thread sets the clock of faulthandler, which needs no thread that runs."""

    def __init__(self) -> None:
        # What capturing leaves alone.
        self._stderr = os.dup(2)
        self._begun: float | None = None
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="tests-that-hang", daemon=True).start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """A test begins."""
        self._begun = time.monotonic()

    def pytest_runtest_logfinish(self) -> None:
        """It has ended: a process may wait for the next one as long as it takes."""
        begun, self._begun = self._begun, None
        if begun is not None and time.monotonic() > begun + _SELDOM:
            faulthandler.cancel_dump_traceback_later()

    def pytest_unconfigure(self) -> None:
        """Ends the watch."""
        self._over.set()
        faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while not self._over.wait(_SELDOM):
            if (begun := self._begun) is None:
                faulthandler.cancel_dump_traceback_later()
                continue
            left = max(begun + _HUNG - time.monotonic(), 0.01)
            faulthandler.dump_traceback_later(left, exit=True, file=self._stderr)


def pytest_configure(config: pytest.Config) -> None:
    """Watches for tests that hang."""
    config.pluginmanager.register(Watch())


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Of a test that went well a worker tells once, and not that its fixtures were made and unmade well.

    That is a millisecond a test. Who asks how long each part took, or for a file of reports, is told of all.
    """
    option = item.config.option
    if (
        not hasattr(item.config, "workerinput")
        or getattr(option, "durations", None)
        or getattr(option, "xmlpath", None)
    ):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    went_well = all(one.passed for one in reports)
    for report in reports:
        if report.when == "call" or not went_well:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_collection_finish() -> None:
    """Leaves modules and tests out of what is looked through for cycles: they stay for good."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _services_known() -> Iterator[None]:
    """What botocore makes of a service for each client anew is made once a process: of EC2's 700 methods we use six."""
    from botocore.client import ClientCreator
    from botocore.hooks import BaseEventHooks, EventAliaser

    from udo import cache_file
    from udo.aws.loading import FullLoader

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (ClientCreator, "_load_service_model"),
            (ClientCreator, "_create_methods"),
            (EventAliaser, "_alias_event_name"),
        ):
            patch.setattr(owner, name, _made_once(getattr(owner, name)))
        # Of some hundred handlers of every session it would look whether they take keywords.
        patch.setattr(BaseEventHooks, "_verify_accept_kwargs", lambda _self, _handler: None)
        patch.setattr(FullLoader, "FILE_LOADER_CLASS", _reader())
        # The file is read and checked each time; equal text has one meaning.
        kept = SimpleNamespace(loads=functools.lru_cache(100)(json.loads), dumps=json.dumps)
        patch.setattr(cache_file, "json", kept)
        yield


def _reader() -> type:
    """What reads each of botocore's own files once for all loaders of Udo's: moto's adds to what it reads."""
    import botocore
    from botocore.loaders import JSONFileLoader

    own = str(Path(botocore.__file__).parent / "data")
    known: dict[str, Any] = {}

    class Reader(JSONFileLoader):
        def load_file(self, file_path: str) -> Any:
            # A client of S3 takes something out of its model.
            if not file_path.startswith(own) or "/s3/" in file_path:
                return super().load_file(file_path)
            if file_path not in known:
                known[file_path] = super().load_file(file_path)
            return known[file_path]

    return Reader


def _made_once(make: Callable[..., Any]) -> Callable[..., Any]:
    from udo.aws.loading import CutLoader

    made: dict[Any, Any] = {}

    def known(self: Any, what: Any, *more: Any) -> Any:
        # A model that is cut down is another one, of the same name, and its loader one of a test.
        if isinstance(getattr(self, "_loader", None), CutLoader):
            return make(self, what, *more)
        key = (getattr(what, "service_name", what), len(getattr(what, "operation_names", ())), *more)
        if key not in made:
            made[key] = make(self, what, *more)
        return dict(made[key]) if isinstance(made[key], dict) else made[key]

    return known


@pytest.fixture(autouse=True, scope="session")
def _unsigned() -> Iterator[None]:
    """What the world does not look at is left out of requests of this process: what a signature is made of and says.

    Who signs, for which service and region, stays; requests of `served_world`'s other processes are signed.
    """
    from botocore.auth import SigV4Auth
    from botocore.useragent import UserAgentString

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SigV4Auth, "canonical_request", lambda _self, _request: "")
        patch.setattr(SigV4Auth, "signature", lambda _self, _said, _request: "0" * 64)
        patch.setattr(UserAgentString, "to_string", lambda _self: "udo-tests")
        yield
