"""CodeArtifact's REST-JSON protocol, driven by botocore's service model."""
