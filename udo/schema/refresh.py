"""The configuration's keys about instance refreshes."""

from udo.schema.key import Key, one_of

# Source: botocore autoscaling RefreshPreferences, StandbyInstances and ScaleInProtectedInstances.
STANDBY = ("ignore", "wait", "terminate")
PROTECTED = ("ignore", "wait", "refresh")
MIN_HEALTHY, MAX_HEALTHY = r"(100|[1-9]?[0-9])%", r"(200|1[0-9][0-9])%"
CHECKPOINT = r"(100|[1-9][0-9]?)%"
# Source: botocore autoscaling RefreshPreferences, CheckpointDelay and BakeTime: at most two days.
LONGEST = 172_800.0

KEYS: tuple[Key, ...] = (
    Key("refresh", "map", "How `udo refresh` and `updatelc --refresh` replace instances.", merge="deep"),
    Key(
        "refresh.min_healthy",
        "text",
        "How much of the desired capacity stays in service.",
        "90%",
        default="100%",
        pattern=MIN_HEALTHY,
        shape="a percentage from 0% to 100%",
    ),
    Key(
        "refresh.max_healthy",
        "text",
        "How much of it may be there at once; by default 110%, and never more than 100 above the minimum.",
        "120%",
        pattern=MAX_HEALTHY,
        shape="a percentage from 100% to 200%",
    ),
    Key(
        "refresh.warmup",
        "duration",
        "Time that a new instance in service is given before the next; by default what the group says.",
        "2m",
        zero=True,
    ),
    Key(
        "refresh.checkpoints",
        "list",
        "Where it pauses, in percent of what is replaced; 100% is added.",
        "[25%, 50%]",
        pattern=CHECKPOINT,
        shape="a percentage from 1% to 100%",
        once=True,
    ),
    Key("refresh.checkpoint_delay", "duration", "How long it pauses there.", "10m", default=600.0, zero=True),
    Key("refresh.bake", "duration", "How long it waits at the end before it is a success.", "15m", zero=True),
    Key(
        "refresh.skip_matching",
        "flag",
        "Leaves members alone that the group would launch alike now.",
        "true",
        default=True,
    ),
    Key(
        "refresh.auto_rollback",
        "flag",
        "AWS rolls `updatelc --refresh` back where it fails.",
        "true",
        default=True,
    ),
    one_of("refresh.standby", "What becomes of members in Standby.", *STANDBY, default="ignore"),
    one_of(
        "refresh.protected", "What becomes of members that are protected from scale-in.", *PROTECTED, default="ignore"
    ),
)
