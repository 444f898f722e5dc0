"""Launch data, purely: copying it, laying udo.yml over it, naming it, telling what differs."""
