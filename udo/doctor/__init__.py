"""What would go wrong, before it does: reads once for all roles, and a table of checks."""
