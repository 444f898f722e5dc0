"""The configuration's keys about the file itself: names, includes, profiles."""

from udo.schema.key import ROOT, Key
from udo.schema.params import param_keys

KEYS: tuple[Key, ...] = (
    Key("app_name", "text", "Name of the application; ${app} in values.", "shop", levels=ROOT),
    Key(
        "naming",
        "text",
        "Pattern of every group's name, made of {app}, {cluster}, {role} and {region}.",
        '"{cluster}-{role}"',
        default="{cluster}-{role}",
        levels=ROOT,
    ),
    Key("clusters", "sections", "The clusters by name: sets of roles that live together.", levels=ROOT),
    Key("roles", "sections", "The roles of a cluster by name; each is one Auto Scaling group.", levels=("cluster",)),
    Key(
        "include",
        "list",
        "Files to read first, relative to this one; patterns with * are allowed.",
        "[teams/*.yml]",
        levels=ROOT,
        one=True,
    ),
    Key("profiles", "sections", "Parts of a configuration by name, for clusters and roles to use.", levels=ROOT),
    Key(
        "use",
        "uses",
        "Profiles laid under this part, in this order; parameters are given as {name: {PARAM: value}}.",
        "[web]",
        levels=("cluster", "role", "profile"),
    ),
    Key("params", "params", "Parameters of a profile by name; ${param:NAME} in its values.", levels=("profile",)),
    *param_keys("params"),
    Key("description", "text", "A sentence for people.", "Serves the web pages"),
    Key("debug", "text", "Of the original Udo; has no effect.", "0", old="it has no effect, use the option -v"),
)
