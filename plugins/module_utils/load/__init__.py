"""How much load is made, to where, and what came of it."""
