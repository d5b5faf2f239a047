"""Unlist the snapshot builds that a newer build has replaced."""
