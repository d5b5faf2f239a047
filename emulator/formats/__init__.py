"""The repository endpoints that package managers speak to, one module per package format."""
