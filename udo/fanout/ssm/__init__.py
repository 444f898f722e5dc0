"""Runs one command on many hosts through Systems Manager, and yields what happens, as over ssh."""
