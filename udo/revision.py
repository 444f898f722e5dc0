"""What REV means, under the name it had before deploying got a room: programs written for it still find it here."""

from udo.deploy.git import resolved
from udo.deploy.revision import Archive, Commit, GitName, Sources, location, meaning, told

__all__ = ["Archive", "Commit", "GitName", "Sources", "location", "meaning", "resolved", "told"]
