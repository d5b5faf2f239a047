"""What the automations share: values, versions, patterns, the policy, and the ways to AWS."""
