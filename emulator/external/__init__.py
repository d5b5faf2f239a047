"""The public repositories behind external connections, one adapter per protocol."""
