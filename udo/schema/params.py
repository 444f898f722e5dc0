"""The configuration's keys about a parameter: of a profile, and of a stack that can be ordered."""

from udo.schema.key import Key, one_of


def param_keys(path: str) -> tuple[Key, ...]:
    """The keys of one parameter of those at `path`."""
    return (
        one_of(f"{path}.*.type", "Type of the parameter.", "str", "int", "bool", default="str"),
        Key(f"{path}.*.default", "text", "Its value where none is given; without one it must be given.", "t3.small"),
        Key(
            f"{path}.*.allowed",
            "list",
            "The values it may have; by default any of its type.",
            "[t3.small, t3.large]",
            once=True,
        ),
        Key(f"{path}.*.doc", "text", "What it is for.", "Size of its instances"),
    )
