"""Udo orchestrates AWS Auto Scaling clusters from one udo.yml."""

__version__ = "6.0.0"
