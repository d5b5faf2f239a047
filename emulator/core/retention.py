"""Which repositories keep a version that a client has fetched."""
