"""Deploying with CodeDeploy: what is there, the plan, the watch over it to its end, and what became of it."""
