"""Instance refreshes: what one will do, its plan, how it moves, why it does not, and how it came out."""
