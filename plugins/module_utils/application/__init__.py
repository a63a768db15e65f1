"""The application model: one Compose file with ``x-mesh``, parsed and validated once."""
