"""How the services whose requests do not say it name their resources."""
