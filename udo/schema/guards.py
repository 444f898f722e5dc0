"""The configuration's keys about when nothing is changed: alarms that guard a part, and windows that freeze it."""

from udo.schema.key import Key

# The verbs that a freeze window holds up, and those that alarms do; `scale` only where it lowers a size.
FROZEN = (
    *("updatelc", "deploy", "refresh", "apply", "create", "update", "scale", "sleep", "destroy"),
    *("stack create", "stack update", "stack delete"),
)
GUARDED = tuple(verb for verb in FROZEN if verb != "create")

KEYS: tuple[Key, ...] = (
    Key("guards", "map", "CloudWatch alarms that a change must not ring.", merge="deep"),
    Key(
        "guards.alarms",
        "list",
        "Names of alarms, metric or composite: while one is in ALARM nothing is changed, and a change under way ends.",
        "[prod-webapp-5xx]",
        merge="append",
        pattern=r"[^\x00-\x1f]{1,255}",
        shape="the name of an alarm",
    ),
    Key("guards.after", "duration", "How long they are watched once a change is done.", "5m", zero=True),
    Key("freeze", "maps", "Windows of time in which nothing is changed; each level adds its own.", merge="append"),
    Key(
        "freeze[].when",
        "window",
        "From when to when, by days of the week, times of the day or dates.",
        "Fri 16:00 - Mon 07:00",
        needed=True,
    ),
    Key("freeze[].zone", "zone", "The time zone it is meant in.", "Europe/Dublin", needed=True),
    Key(
        "freeze[].verbs",
        "list",
        "Which verbs, by default all that change something and are no way back.",
        "[deploy, updatelc]",
        choices=FROZEN,
        once=True,
    ),
)
