"""Stacks: what CloudFormation makes of templates, and the templates themselves."""
