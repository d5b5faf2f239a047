"""Bring the origin restrictions of packages to what the policy says, and tell who must know."""
