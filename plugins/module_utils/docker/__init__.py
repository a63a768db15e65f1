"""The Docker driver: observes an engine, plans and runs what brings it to the model."""
