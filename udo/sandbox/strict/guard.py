"""Names what the sandbox leans on in moto, so that an upgrade that moves it fails at once and says what moved."""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from udo.sandbox.strict.service import services

# Per class or module of moto's that no service of its own has rules for: what must be there as an attribute.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "moto.core.common_models:BaseModel": ("__new__",),
    "moto.core.model_instances": ("reset_model_data",),
    "moto.core.models": ("botocore_stubber",),
    "moto.utilities.utils": ("get_partition",),
    "moto.core.request:Request": ("from_primitives", "raw_path", "raw_url"),
    "moto.core.responses": ("ActionResult", "method_names_from_class"),
    "moto.core.responses:BaseResponse": ("_get_action", "_get_params", "call_action", "dispatch", "serialized"),
    "moto.core.base_backend": ("BackendDict", "BaseBackend", "InstanceTrackerMeta", "backend_lock"),
    "moto.core.base_backend:BackendDict": ("__getitem__", "reset"),
    "moto.core.exceptions": ("JsonRESTError", "ServiceException"),
    "moto.core.parse": ("PROTOCOL_PARSERS",),
    "moto.core.serialize": (
        "AttributePickerContext",
        "BaseRestSerializer",
        "BaseXMLSerializer",
        "EC2Serializer",
        "ResponseSerializer",
        "XFormedAttributePicker",
    ),
    "moto.core.serialize:BaseXMLSerializer": ("_serialize_body",),
    "moto.core.serialize:EC2Serializer": ("_serialize_body",),
    "moto.core.serialize:ResponseSerializer": ("_serialize_type_structure", "get_value"),
    "moto.core.serialize:XFormedAttributePicker": ("get_possible_keys",),
    "moto.core.constants": ("MISSING",),
    "moto.core.utils": ("camelcase_to_underscores", "get_service_model", "get_value", "utcnow"),
    "moto.elb.exceptions": ("LoadBalancerNotFoundError",),
    "moto.elbv2.exceptions": ("InvalidTargetError", "TargetGroupNotFoundError"),
    "moto.elbv2.models": ("make_arn_for_target_group",),
    "moto.moto_api._internal": ("mock_random",),
    "moto.moto_server.werkzeug_app": ("DomainDispatcherApplication", "MotoRequestHandler", "create_backend_app"),
    "moto.moto_server.werkzeug_app:DomainDispatcherApplication": ("get_backend_for_host",),
    **{owner: names for one in services().values() for owner, names in one.attributes.items()},
}

# What is imported only where a world needs it, and so looked at by the test alone.
LATE: dict[str, tuple[str, ...]] = {
    "moto.s3.exceptions": ("S3ClientError",),
    "moto.s3.models": ("s3_backends",),
    "moto.s3.models:S3Backend": ("get_object", "put_bucket_tagging", "put_object"),
}

# Per class: what its constructor must set on every instance.
FIELDS: dict[str, tuple[str, ...]] = {
    "moto.core.base_backend:AccountSpecificBackend": ("regions",),
    **{owner: names for one in services().values() for owner, names in one.fields.items()},
}

# Per class: what its constructor, called by the sandbox itself, must take.
TAKEN: dict[str, tuple[str, ...]] = {owner: names for one in services().values() for owner, names in one.taken.items()}


def missing_late() -> list[str]:
    """Those of the names imported late that this moto does not have."""
    return sorted(_missing_attributes(LATE))


def missing() -> list[str]:
    """Every name the sandbox leans on that this moto does not have."""
    return sorted({*_missing_attributes(ATTRIBUTES), *_missing_fields(), *_missing_parameters()})


def check() -> None:
    """Raises RuntimeError, naming what moved, where this moto is not one the rules were made for."""
    if gone := missing():
        raise RuntimeError(
            f"moto {version('moto')} has no {', '.join(gone)}: the sandbox was made for moto 5.2, and needs a look"
        )


def _missing_attributes(wanted: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for owner, names in wanted.items():
        found = _found(owner)
        yield from (f"{owner}.{name}" for name in names if found is None or not hasattr(found, name))


def _missing_fields() -> Iterator[str]:
    for owner, names in FIELDS.items():
        found = _found(owner)
        # The names a constructor sets stand in its code object: no instance has to be made.
        constructor: Any = getattr(found, "__init__", None)
        known = constructor.__code__.co_names if isinstance(constructor, types.FunctionType) else ()
        yield from (f"{owner}().{name}" for name in names if name not in known)


def _missing_parameters() -> Iterator[str]:
    for owner, names in TAKEN.items():
        found = _found(owner)
        known = inspect.signature(found).parameters if callable(found) else {}
        yield from (f"{owner}({name})" for name in names if name not in known)


def _found(owner: str) -> Any:
    module, _, name = owner.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        return None
    return getattr(found, name, None) if name else found
