"""How the assets of each package format are named and asked for."""
