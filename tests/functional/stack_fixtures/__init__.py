"""A small template with a function and a layer, which the tests of the local stack play."""
