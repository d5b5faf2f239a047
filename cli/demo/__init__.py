"""The demonstration: the main jobs, told step by step on a local stack that really does it."""
