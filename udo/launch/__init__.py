"""Launch data, purely: copying it, merging udo.yml into it, naming it, telling what differs."""
