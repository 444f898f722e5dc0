"""The front door: a page and an HTTP interface, with keys, for people who have no AWS account."""
