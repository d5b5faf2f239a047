"""A local CodeArtifact: control plane, package endpoints and events, on one loopback port."""
