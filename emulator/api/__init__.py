"""
The control plane's operations, one module per area, one function per operation.

Each function is named as botocore's client method. It gets the state, the caller and the members
of the request, which keep every constraint of the service model, and returns the members of the
response. Its docstring ends with the source of its behaviour, which COVERAGE.md shows.
"""
