"""What is known of a resource once it exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Created:
    """A resource that exists now: what Ref and Fn::GetAtt give for it."""

    reference: object
    attributes: Mapping[str, object] = field(default_factory=dict)
