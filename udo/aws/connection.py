"""One session of botocore for one account and region: its clients, the one reader and the one writer."""

from __future__ import annotations

import base64
import os
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.session import Session
from botocore.validate import ParamValidator

from udo import __version__
from udo.aws import answers, dashboards, handlers, patience, unknown
from udo.aws.absence import is_absent
from udo.aws.cut import PLAIN, SENT
from udo.aws.errors import configured, translated
from udo.aws.loading import CutLoader, FullLoader
from udo.aws.times import rfc3339, timestamp
from udo.errors import AwsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from udo.change.plan import Read

# How long one answer of AWS's may take in all, tries included.
_LIMIT, _ATTEMPTS = "UDO_ANSWER_TIMEOUT", "AWS_MAX_ATTEMPTS"
# A setting: name in a configuration file, variable, default, conversion. Source: botocore.session.SESSION_VARIABLES.
_UNSET = (None, None, None, None)
_NO_FILE = (None, None, os.devnull, None)
# Source: botocore's partitions.json, dnsSuffix and dualStackDnsSuffix.
_OF_AWS = re.compile(r".+\.(amazonaws\.(com|com\.cn|eu)|api\.(aws|amazonwebservices\.com\.cn|amazonwebservices\.eu))")


class Connection:
    """Reads and writes of one account in one region, traced and with every failure translated."""

    def __init__(
        self,
        *,
        region: str | None,
        profile: str | None = None,
        assume_role: str | None = None,
        endpoint: str | None = None,
        credentials: tuple[str, ...] | None = None,
        prepare: Callable[[Session], None] | None = None,
        trace: Callable[[str, float], None] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._endpoint = endpoint
        self._trace = trace
        self._tell = tell
        self._seconds = _number(_LIMIT, "60", "a number of seconds")
        _number(_ATTEMPTS, "8", "how often a request is tried in all, 1 or more")
        self._clients: dict[tuple[str, str], Any] = {}
        self._has_credentials = credentials is not None
        with configured():
            self._session = _session(profile, region, credentials)
            if prepare:
                prepare(self._session)
            if assume_role:
                self._look_for_credentials()
                assumed = CredentialResolver([_AssumedRole(self._session, assume_role)])
                self._session = _session(profile, region, None)
                self._session.register_component("credential_provider", assumed)
                if prepare:
                    prepare(self._session)
            self.profile: str | None = self._session.profile
            self.region: str | None = region or self._session.get_config_variable("region")
            full = self._session.get_component("data_loader")
            self._loaders = {
                "plain": CutLoader(full),
                "full": full,
                "sent": CutLoader(full, SENT, "sent-"),
                "writing": full,
            }

    @property
    def endpoint(self) -> str | None:
        """The addresses that take the place of AWS's own, where there are any."""
        self.client("autoscaling", "plain")
        urls = {client.meta.endpoint_url for client in self._clients.values()}
        return ", ".join(sorted(url for url in urls if not _OF_AWS.fullmatch(urlsplit(url).hostname or ""))) or None

    def client(self, service: str, use: str = "full") -> Any:
        """The client of a service for one use, built once.

        `full` and `plain` read; `writing` and `sent` make a single attempt. Those for `plain` and `sent` have
        cut-down models. Raises: UdoError.
        """
        key = (service, use)
        if key not in self._clients:
            with configured():
                if not self._clients and not self._has_credentials:
                    self._look_for_credentials()
                self._session.register_component("data_loader", self._loaders[use])
                if all(known != service for known, _ in self._clients):
                    handlers.add(self._session, service)
                made = self._session.create_client(
                    service,
                    region_name=self.region,
                    endpoint_url=self._endpoint,
                    config=_client_config(use in ("writing", "sent"), direct=self._endpoint is not None),
                )
                # botocore looks at the port when it signs a request, and not before.
                _ = urlsplit(made.meta.endpoint_url).port
            self._clients[key] = made
        return self._clients[key]

    def ask(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        *,
        writing: bool = False,
        whole: bool = False,
    ) -> dict[str, Any]:
        """AWS's answer to one operation, by its AWS name; a `whole` one has every member that botocore knows.

        Raises: UdoError.
        """
        client = self.client(service, _use(service, operation, whole=whole, writing=writing))
        begun = time.perf_counter()

        def ask() -> dict[str, Any]:
            model = client.meta.service_model.operation_model(operation)
            send = getattr(client, xform_name(operation))
            return answers.asked(lambda: answers.drained(send(**params)), model, writing=writing)

        try:
            with translated(service, operation):
                what = f"{service}:{operation}"
                answer: dict[str, Any] = patience.awaited(
                    ask, what, seconds=self._seconds, writing=writing, tell=self._tell
                )
                return answer
        finally:
            if self._trace:
                self._trace(f"{service}:{operation}", time.perf_counter() - begun)

    def pages(
        self, service: str, operation: str, params: Mapping[str, Any], *, whole: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Every page of a listing, following whatever token the operation uses.

        Raises: UdoError; LostAnswer for a token that was followed before, which would never end.
        """
        model = self._paginator(service, operation, whole=whole)
        if model is None:
            yield self.ask(service, operation, params, whole=whole)
            return
        token_in, token_out = model
        sent = dict(params)
        followed = set()
        while True:
            page = self.ask(service, operation, sent, whole=whole)
            yield page
            token = page.get(token_out)
            if not token:
                return
            with translated(service, operation):
                if token in followed:
                    raise answers.Broken("its pages go round in a circle")
            followed.add(token)
            sent = {**params, token_in: token}

    def read(self, read: Read) -> Any:
        """The value a Read means, from all pages of its listing; null for what fails where it does not exist.

        Raises: UdoError.
        """
        import jmespath

        merged: dict[str, Any] = {}
        try:
            for page in self.pages(read.service, read.operation, read.params, whole=True):
                for key, value in page.items():
                    merged[key] = merged[key] + value if isinstance(merged.get(key), list) else value
        except AwsError as error:
            if not is_absent(error):
                raise
            return None
        try:
            return _plain(jmespath.search(read.path, merged))
        except jmespath.exceptions.JMESPathError as error:
            raise UsageError(f"{read.path!r} is not a value that AWS returns: {error}") from error

    def credentials(self) -> tuple[str, float | None]:
        """Where the credentials come from, in botocore's word, and when those in use expire, where that is known."""
        keys = self._session.get_credentials()
        # botocore shows nobody when what it can renew would expire.
        until = getattr(keys, "_expiry_time", None)
        return getattr(keys, "method", "") or "", until.timestamp() if until else None

    def check(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Compares parameters with botocore's model of the operation, without asking AWS.

        Raises: UsageError.
        """
        shape = self.client(service).meta.service_model.operation_model(operation).input_shape
        report = ParamValidator().validate({key: _as_sent(value) for key, value in params.items()}, shape)
        if report.has_errors():
            raise UsageError(f"{service}:{operation}: {' '.join(report.generate_report().split())}")

    def _look_for_credentials(self) -> None:
        if patience.credentials(self._session, tell=self._tell) is None:
            # Each client would look through all places again, on the thread that signals come to.
            self._session.register_component("credential_provider", CredentialResolver([]))

    def _paginator(self, service: str, operation: str, *, whole: bool) -> tuple[str, str] | None:
        use = _use(service, operation, whole=whole)
        config = self._loaders[use].load_service_model(service, "paginators-1")["pagination"].get(operation)
        if config is None:
            # botocore has no paginator for some listings that AWS cuts into pages all the same.
            model = self.client(service, use).meta.service_model.operation_model(operation)
            members = [set(shape.members) if shape else set() for shape in (model.input_shape, model.output_shape)]
            return ("NextToken", "NextToken") if all("NextToken" in names for names in members) else None
        if isinstance(config["input_token"], list):
            return None
        return config["input_token"], config["output_token"]


class _AssumedRole(CredentialProvider):
    """A credential provider of botocore's kind: one role, assumed with another session, renewed before it expires."""

    METHOD = "assume-role"

    def __init__(self, session: Session, role_arn: str) -> None:
        self._fetcher = AssumeRoleCredentialFetcher(
            client_creator=session.create_client,
            source_credentials=session.get_credentials(),
            role_arn=role_arn,
            extra_args={"RoleSessionName": "udo"},
        )

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=self._fetcher.fetch_credentials)


def _session(profile: str | None, region: str | None, credentials: tuple[str, ...] | None) -> Session:
    # With credentials of its own it uses nothing of the operator's, and cannot stumble over it either.
    nobodys = {"profile": _UNSET, "config_file": _NO_FILE, "credentials_file": _NO_FILE}
    session = Session(session_vars=nobodys if credentials else None, include_builtin_handlers=False, profile=profile)
    handlers.begin(session)
    more = [os.path.expandvars(path) for path in (session.get_config_variable("data_path") or "").split(os.pathsep)]
    session.register_component("data_loader", FullLoader(extra_search_paths=[path for path in more if path]))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    session.user_agent_extra = f"udo/{__version__}"
    for part in (unknown, answers, patience, dashboards):
        part.watch(session)
    if region:
        session.set_config_variable("region", region)
    if credentials:
        session.set_credentials(*credentials)
    return session


def _use(service: str, operation: str, *, whole: bool, writing: bool = False) -> str:
    if writing:
        return "sent" if operation in SENT.get(service, ()) else "writing"
    return "full" if whole or operation not in PLAIN.get(service, ()) else "plain"


def _number(variable: str, default: str, meaning: str) -> float:
    """What a variable of the environment says, a whole number above zero. Raises: UsageError."""
    written = os.environ.get(variable) or default
    if not re.fullmatch(r"[0-9]{1,5}", written) or not int(written):
        raise UsageError(f"{variable} is {written!r}", hint=f"write {meaning}")
    return float(written)


def _client_config(writing: bool, *, direct: bool) -> Config:
    if writing:
        retries = {"mode": "standard", "total_max_attempts": 1}
    else:
        # The variable counts only where the key is left out.
        own = {} if os.environ.get(_ATTEMPTS) else {"total_max_attempts": 8}
        retries = {"mode": "standard", **own}
    proxies: dict[str, Any] = {"proxies": {}} if direct else {}
    return Config(connect_timeout=5, read_timeout=30, retries=retries, **proxies)  # type: ignore[arg-type]


def _as_sent(value: Any) -> Any:
    # botocore turns the bytes of user data into base64 text before it compares them with its model.
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _plain(value: Any) -> Any:
    from datetime import datetime

    match value:
        case datetime():
            return rfc3339(value)
        case bytes():
            return value.decode("utf-8", "replace")
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value
