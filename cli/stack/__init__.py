"""The local stack: the deployed system on one machine, from the same template."""
