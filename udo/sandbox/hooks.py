"""The few places where moto asks the sandbox: whose account, what address an instance has, what its console says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

DEFAULT_ACCOUNT = "123456789012"
# What makes a name a pattern. Source: moto filters with fnmatch.
_PATTERN = frozenset("*?[")


@dataclass
class Owner:
    """What the present world answers; one per process, since moto's state is the process's."""

    account: str = DEFAULT_ACCOUNT
    address: Callable[[], str] | None = None
    console: Callable[[Any], str] | None = None


_owner = Owner()
_installed: list[bool] = []
# Every method of moto's that is ours now; the strict guard names them too.
replaced: list[tuple[type, str]] = []


def install(owner: Owner) -> None:
    """Makes moto ask `owner` from now on."""
    global _owner  # noqa: PLW0603 - moto looks its functions up in modules, so the answer must be reachable from one
    _owner = owner
    if not _installed:
        _patch_account()
        _patch_births()
        _patch_images()
        _patch_keys()
        _patch_offers()
        _patch_types()
        _patch_ids()
        _patch_memory()
        _patch_accounts()
        _installed.append(True)


def _patch_account() -> None:
    import moto.iam.models as iam
    from moto.sts.models import STSBackend

    def get_account_id_from(access_key: str) -> str:
        return _owner.account

    iam.get_account_id_from = get_account_id_from
    original = STSBackend.get_caller_identity

    @wraps(original)
    def get_caller_identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user_id, arn, account = original(self, access_key_id, region)
        if arn.endswith(":user/moto"):
            return "AIDASANDBOXSANDBOXSBX", f"arn:aws:iam::{account}:user/sandbox", account
        return user_id, arn, account

    _put(STSBackend, get_caller_identity)


def _patch_births() -> None:
    from moto.ec2.models.instances import InstanceBackend

    launch, restart = InstanceBackend.run_instances, InstanceBackend.start_instances

    @wraps(launch)
    def run_instances(self: Any, *args: Any, **kwargs: Any) -> Any:
        reservation = launch(self, *args, **kwargs)
        for instance in reservation.instances:
            _settle(instance)
        return reservation

    @wraps(restart)
    def start_instances(self: Any, instance_ids: list[str], *args: Any, **kwargs: Any) -> Any:
        answer = restart(self, instance_ids, *args, **kwargs)
        for instance in self.get_multi_instances_by_id(instance_ids):
            _settle(instance)
        return answer

    _put(InstanceBackend, run_instances)
    _put(InstanceBackend, start_instances)


def _settle(instance: Any) -> None:
    """Gives the instance an address of this machine, once, whatever its subnet."""
    if _owner.address is None or not instance.nics:
        return
    card = instance.nics[0]
    if not hasattr(instance, "udo_address"):
        instance.udo_address = _owner.address()
    card.private_ip_address = card.public_ip = instance.udo_address
    card.private_ip_addresses[0]["PrivateIpAddress"] = instance.udo_address
    if "PrivateDnsName" in card.private_ip_addresses[0]:
        card.private_ip_addresses[0]["PrivateDnsName"] = card.private_dns_name = instance.private_dns_name


def _patch_images() -> None:
    from moto.ec2.models.amis import AmiBackend

    def _load_amis(self: Any) -> None:
        """Nothing: hundreds of images of AWS's for every region would be made at every reset."""

    _put(AmiBackend, _load_amis)


def _patch_keys() -> None:
    import moto.kms.models

    kms: Any = moto.kms.models
    make = kms.generate_private_key
    kms.generate_private_key = lambda spec: _Later(partial(make, spec))


class _Later:
    """What stands for a private key until somebody uses it: moto makes one of RSA for every key, symmetric ones too.

    The first encrypted volume of a world has a key made, and that took most of the time in which a world was built.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Python itself asks, of what it copies.
            raise AttributeError(name)
        self.__dict__.update(_made=self.__dict__.get("_made") or self._make())
        return getattr(self._made, name)


def _patch_offers() -> None:
    """At each launch moto looks for the zone and the type among a thousand offers, and makes nothing of the types."""
    import moto.ec2.models.instances

    ec2: Any = moto.ec2.models.instances
    if ec2.settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION:
        return
    ec2.INSTANCE_TYPE_OFFERINGS = {
        place: {region: list({one["Location"]: one for one in offers}.values()) for region, offers in regions.items()}
        for place, regions in ec2.INSTANCE_TYPE_OFFERINGS.items()
    }


def _patch_types() -> None:
    """Types that a filter names are found by their names: moto would compare each of a thousand with each pattern."""
    from moto.ec2.models.instance_types import InstanceTypeBackend
    from moto.ec2.utils import generic_filter

    original = InstanceTypeBackend.describe_instance_types
    known = {one["InstanceType"]: one for one in InstanceTypeBackend.instance_types}
    place = {name: number for number, name in enumerate(known)}

    @wraps(original)
    def describe_instance_types(self: Any, instance_types: Any = None, filters: Any = None) -> list[Any]:
        names = (filters or {}).get("instance-type")
        if instance_types or not names or any(_PATTERN.intersection(name) for name in names):
            found: list[Any] = original(self, instance_types, filters)
            return found
        few = [known[name] for name in sorted(known.keys() & set(names), key=place.__getitem__)]
        others = {name: values for name, values in filters.items() if name != "instance-type"}
        return generic_filter(others, few) if others else few

    _put(InstanceTypeBackend, describe_instance_types)


def _patch_memory() -> None:
    """moto keeps whatever it has ever made, for a dashboard of its own: nothing would ever be freed.

    What has an open file is kept to the next reset, as moto has it: it is then that S3 closes them.
    """
    from moto.core.common_models import BaseModel

    def __new__(cls: Any, *_args: Any, **_kwargs: Any) -> Any:
        made = object.__new__(cls)
        if hasattr(cls, "dispose"):
            cls.instances_tracked.append(made)
        return made

    setattr(BaseModel, "__new__", __new__)  # noqa: B010


def _patch_accounts() -> None:
    """What a service holds of an account that is known is found at once: moto looks at every request what is new."""
    from moto.core.base_backend import BackendDict

    original = BackendDict.__getitem__

    @wraps(original)
    def __getitem__(self: Any, account_id: str) -> Any:
        found = dict.get(self, account_id)
        return original(self, account_id) if found is None else found

    _put(BackendDict, __getitem__)


def _patch_ids() -> None:
    """Ids are drawn at once and not digit by digit: a new region has two thousand digits of them."""
    import moto.ec2.utils
    from moto.core.base_backend import BaseBackend
    from moto.moto_api._internal import mock_random

    def drawn(size: int = 8) -> str:
        return f"{mock_random.getrandbits(4 * size):0{size}x}"

    ec2: Any = moto.ec2.utils
    ec2.random_resource_id = drawn
    BaseBackend.vpce_random_number = staticmethod(lambda: drawn(17))  # type: ignore[method-assign]


def empty() -> None:
    """Forgets all that moto holds; it would make each region anew once more, to throw it away."""
    from moto.core.base_backend import BackendDict, BaseBackend, backend_lock

    with backend_lock:
        made: Any = BackendDict
        for service in made._instances:
            for account in service.values():
                for backend in account.values():
                    if type(backend).reset is not BaseBackend.reset:
                        backend.reset()
            service.clear()
        made._instances.clear()


def account() -> str:
    """The id of the account that the present world is."""
    return _owner.account


def console(instance: Any) -> str:
    """What an instance has printed on its console; what has not booted has printed nothing yet."""
    return _owner.console(instance) if _owner.console else ""


def _put(kind: type, function: Callable[..., Any]) -> None:
    setattr(kind, function.__name__, function)
    replaced.append((kind, function.__name__))
