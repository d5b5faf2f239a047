"""CodeArtifact's events as the benchmarks send them, and the batches that SQS makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable

ACCOUNT = "012345678901"
REGION = "us-west-2"
DOMAIN = "my-company"
REPOSITORY = "my-maven-repo"
NAMESPACE = "com.mycompany.app"


def snapshot_published(
    package: str, number: int, *, repository: str = REPOSITORY
) -> dict[str, object]:
    """Return the event number *number*: ``1.0-SNAPSHOT`` of *package* has a new build."""
    arn = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/{DOMAIN}/{repository}/maven"
    return {
        "version": "0",
        "id": f"6f3d3f0e-0000-4000-8000-{number:012d}",
        "detail-type": "CodeArtifact Package Version State Change",
        "source": "aws.codeartifact",
        "account": ACCOUNT,
        "time": "2026-03-01T10:15:00Z",
        "region": REGION,
        "resources": [f"{arn}/{NAMESPACE}/{package}"],
        "detail": {
            "domainName": DOMAIN,
            "domainOwner": ACCOUNT,
            "repositoryName": repository,
            "repositoryAdministrator": ACCOUNT,
            "packageFormat": "maven",
            "packageNamespace": NAMESPACE,
            "packageName": package,
            "packageVersion": "1.0-SNAPSHOT",
            "packageVersionState": "Published",
            "packageVersionRevision": "Ciqe5/9yicvkJT13b5/LdLpCyE6fqA7poa9qp+FilPs=",
            "changes": {
                "assetsAdded": 0,
                "assetsRemoved": 0,
                "assetsUpdated": 2,
                "metadataUpdated": True,
                "statusChanged": False,
            },
            "operationType": "Updated",
            "sequenceNumber": number + 1,
            "eventDeduplicationId": f"2mEO0A2Ke07rWUTBXk3CAiQhdTXF4N94LNaT{number:08d}",
        },
    }


def batch(events: Iterable[dict[str, object]]) -> dict[str, object]:
    """Return what Lambda gives a function for messages that hold *events*."""
    return {
        "Records": [
            {
                "messageId": f"00000000-0000-0000-0000-{number:012d}",
                "receiptHandle": "a-receipt",
                "body": json.dumps(event),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SenderId": "AIDAEXAMPLE",
                    "SentTimestamp": "1772360100000",
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:snapshot-builds",
                "awsRegion": REGION,
            }
            for number, event in enumerate(events)
        ]
    }
