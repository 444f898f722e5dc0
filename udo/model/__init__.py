"""What AWS holds, as frozen values: a file a noun."""
