"""Fetch what builds will ask for, through the external connections, before they ask."""
