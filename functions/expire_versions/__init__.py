"""
Bring versions that a policy has no use for any more out of a repository, step by step.

``decision`` is pure; ``ages`` dates versions with few calls; ``gather`` asks for what the decision
needs; ``package`` takes the soft steps for one package; ``app`` is the Lambda handler. A sweep asks
``gather`` as well, and takes all steps.
"""
