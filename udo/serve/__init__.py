"""The front door: an HTTP interface with keys, for people who have no AWS account."""
