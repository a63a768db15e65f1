"""Kubernetes: what an application is to be on a cluster, computed from the model."""
