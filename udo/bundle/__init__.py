"""Bundles for CodeDeploy: their appspec as the agent reads it, their archives, and what is known to go wrong."""
