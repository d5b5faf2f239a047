"""
What the local stack says to CloudFormation: that it makes no stacks.

moto would answer each request with success, and make none of a template's CodeArtifact resources.
Questions (Describe, Get, List, Validate) may go to moto: there are no stacks.
"""

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

SERVICE = "cloudformation"  # as requests for it are signed
_QUESTIONS = ("Describe", "Get", "List", "Validate")
_MESSAGE = (
    "the local stack makes no CloudFormation stacks. To have the CodeArtifact resources of a "
    "template here, start it with `steward up --domain-template FILE`; anything else is made by "
    "the API of its service."
)
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def refusal(body: bytes, query: bytes) -> bytes | None:
    """
    Return the error document for a request that would make or change something, else nothing.

    The request is one of the query protocol: its `Action` is in the body, or in the address.
    """
    fields = parse_qs(body.decode("latin-1")) | parse_qs(query.decode("latin-1"))
    action = fields.get("Action", [""])[0]
    if action.startswith(_QUESTIONS):
        return None
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>InvalidAction</Code>'
        f"<Message>{escape(f'{action}: {_MESSAGE}')}</Message></Error>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    ).encode()
