"""The data plane as data: addresses, packet rules and Envoy's configuration, computed from the model."""
