"""What the states of a stack mean, and what to do in each, in an operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.model.stacks import Stack

ABSENT = "absent"
REVIEW = "REVIEW_IN_PROGRESS"
# Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html, stack status codes.
CREATED = ("CREATE_COMPLETE", "IMPORT_COMPLETE")
DELETED = "DELETE_COMPLETE"
CREATION_FAILED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", DELETED, "DELETE_FAILED")
UPDATE_FAILED = ("UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")

_MEANS = {
    "CREATE_FAILED": "its creation failed, and what was made is still there",
    "ROLLBACK_COMPLETE": "its creation failed and was rolled back: nothing of it is left but its name",
    "ROLLBACK_FAILED": "its creation failed, and so did the rollback: some of it is left",
    "DELETE_FAILED": "it was being deleted, and some of it could not be",
    "UPDATE_FAILED": "its last update failed, and what that changed was left as it is",
    "UPDATE_ROLLBACK_COMPLETE": "its last update failed and was rolled back: it is as it was before",
    "UPDATE_ROLLBACK_FAILED": "its last update failed, and so did the rollback: it is between the two",
    REVIEW: "a change set for it waits, and nothing was made",
    "IMPORT_ROLLBACK_FAILED": "an import failed, and so did its rollback",
}
# What keeps a stack from being changed at all. Source: API_CreateChangeSet, API_UpdateStack.
_STUCK = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
_STUCK_TOO = ("IMPORT_ROLLBACK_FAILED",)


def means(status: str) -> str:
    """What a state means, in a few words; empty for one that says it itself."""
    return _MEANS.get(status, "")


def remedy(stack: Stack, words: str) -> str:
    """What to do with a stack as it stands, with the words by which it is named; empty where nothing is to be done."""
    name, again = stack.name, f"udo stack create {words}"
    delete = f"udo stack delete {words}"
    match stack.status:
        case "ROLLBACK_COMPLETE":
            return f"see why with 'udo stack events {words}', then '{delete}', then '{again}'"
        case "CREATE_FAILED" | "ROLLBACK_FAILED":
            return f"see why with 'udo stack events {words}', delete what is left with '{delete}', then '{again}'"
        case "DELETE_FAILED":
            return f"see what is left with 'udo stack events {words}'; '{delete}' tries again, --retain leaves it out"
        case "UPDATE_ROLLBACK_FAILED":
            return (
                f"mend what 'udo stack events {words}' names, then: aws cloudformation continue-update-rollback "
                f"--stack-name {name}"
            )
        case "IMPORT_ROLLBACK_FAILED":
            return f"see 'udo stack events {words}'; the console of CloudFormation continues it"
        case "UPDATE_ROLLBACK_COMPLETE" | "UPDATE_FAILED":
            return f"see why with 'udo stack events {words}', mend it, then: udo stack update {words}"
    return ""


def after_failure(stack: Stack, words: str) -> str:
    """What to do once a change has failed and left the stack as it stands; one that was to be made may be gone."""
    return f"mend it, then: udo stack create {words}" if stack.status == DELETED else remedy(stack, words)


def is_stuck(status: str) -> bool:
    """Whether CloudFormation takes no change of a stack in this state."""
    return status in (*_STUCK, *_STUCK_TOO)


def since(stack: Stack) -> str:
    """When the stack came to be in its state, as far as CloudFormation says (RFC 3339)."""
    if stack.status.startswith("DELETE"):
        return stack.deleted_at or stack.updated_at or stack.created_at
    return stack.updated_at or stack.created_at
