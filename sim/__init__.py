"""igsim."""
