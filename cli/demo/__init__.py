"""The demonstration: the main job, told step by step on a local stack that really does it."""
