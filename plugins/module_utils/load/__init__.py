"""Plans: graphs of single operations, each with its cause, and their concurrent execution."""
