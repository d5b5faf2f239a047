"""The commands of `steward`, one module each."""
