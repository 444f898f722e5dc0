"""Copies files to and from hosts over SFTP, whichever client carries the connection."""
