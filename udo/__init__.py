"""Udo orchestrates AWS Auto Scaling clusters from one udo.yml."""

__version__ = "1.0.0.dev0"
