"""The `steward` command, and the local stack that plays `template.yaml`."""
