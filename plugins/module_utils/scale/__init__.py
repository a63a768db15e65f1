"""When a component needs more, or less, than it has."""
