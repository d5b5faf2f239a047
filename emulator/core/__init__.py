"""What CodeArtifact is; nothing in here knows of HTTP."""
