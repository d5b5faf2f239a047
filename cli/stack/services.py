"""Creates the template's resources in moto and the local CodeArtifact, through AWS's own APIs."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, cast

from cli.stack.codeartifact_resources import CodeArtifactResources
from cli.stack.created import Created
from cli.stack.json_types import Document

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session


class Services:
    """Creates resources, one method per type, each given the resolved properties."""

    def __init__(self, endpoint: str, account: str, region: str) -> None:
        """Speak to *endpoint* as *account*."""
        self._endpoint = endpoint
        self._account = account
        self._region = region
        self._clients: dict[str, BaseClient] = {}

    @property
    def creators(self) -> dict[str, Callable[[str, Document], Created]]:
        """What creates each resource type; it gets the physical name to use if none is given."""
        return {
            "AWS::SQS::Queue": self.queue,
            "AWS::SQS::QueuePolicy": self.queue_policy,
            "AWS::SNS::Topic": self.topic,
            "AWS::SNS::Subscription": self.subscription,
            "AWS::SNS::TopicPolicy": self.topic_policy,
            "AWS::Events::EventBus": self.event_bus,
            "AWS::Events::Rule": self.rule,
            "AWS::DynamoDB::Table": self.table,
            "AWS::S3::Bucket": self.bucket,
            "AWS::SSM::Parameter": self.parameter,
            "AWS::Logs::LogGroup": self.log_group,
            **CodeArtifactResources(lambda: self.client("codeartifact"), self._account).creators,
        }

    @cached_property
    def _session(self) -> "Session":
        import botocore.session

        session = botocore.session.Session()
        session.set_config_variable("region", self._region)
        session.set_credentials(self._account, "local")
        return session

    def client(self, service: str) -> "BaseClient":
        """Return the one client for a service."""
        if service not in self._clients:
            from botocore.config import Config

            self._clients[service] = self._session.create_client(
                service,
                endpoint_url=self._endpoint,
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
            )
        return self._clients[service]

    def queue(self, name: str, properties: Document) -> Created:
        """
        Create a queue; its redrive policy names a queue that exists by then.

        The name of a FIFO queue ends in `.fifo` (CreateQueue, API Reference), also one that is made
        up. `FifoQueue: false` is left out: the API takes it for a value that means nothing.
        """
        fifo = _is_true(properties.pop("FifoQueue", False))
        name = str(properties.pop("QueueName", f"{name}.fifo" if fifo else name))
        if fifo:
            properties["FifoQueue"] = True
        tags = _tags(properties.pop("Tags", []))
        attributes = {key: _attribute(value) for key, value in properties.items()}
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
        arn = self._arn("sqs", name)
        return Created(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def queue_policy(self, name: str, properties: Document) -> Created:
        """Put the policy on its queues."""
        policy = json.dumps(properties["PolicyDocument"])
        for url in cast("list[str]", properties["Queues"]):
            self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return Created(name, {"Id": name})

    def topic(self, name: str, properties: Document) -> Created:
        """Create a topic and the subscriptions that stand in it."""
        name = str(properties.pop("TopicName", name))
        subscriptions = cast("list[Document]", properties.pop("Subscription", []))
        properties.pop("Tags", None)
        attributes = {key: _attribute(value) for key, value in properties.items()}
        sns = self.client("sns")
        arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        for subscription in subscriptions:
            sns.subscribe(TopicArn=arn, **subscription)
        return Created(arn, {"TopicArn": arn, "TopicName": name})

    def subscription(self, _: str, properties: Document) -> Created:
        """Subscribe to a topic."""
        attributes = {
            key: _attribute(properties.pop(key))
            for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")
            if key in properties
        }
        answer = self.client("sns").subscribe(
            **properties, Attributes=attributes, ReturnSubscriptionArn=True
        )
        return Created(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})

    def topic_policy(self, name: str, properties: Document) -> Created:
        """Put the policy on its topics."""
        for arn in cast("list[str]", properties["Topics"]):
            self.client("sns").set_topic_attributes(
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=json.dumps(properties["PolicyDocument"]),
            )
        return Created(name, {"Id": name})

    def event_bus(self, name: str, properties: Document) -> Created:
        """Create an event bus."""
        name = str(properties.get("Name", name))
        arn = self.client("events").create_event_bus(Name=name)["EventBusArn"]
        return Created(name, {"Arn": arn, "Name": name})

    def rule(self, name: str, properties: Document) -> Created:
        """Create a rule and its targets."""
        name = str(properties.pop("Name", name))
        targets = properties.pop("Targets", [])
        properties.pop("Tags", None)
        if "EventPattern" in properties:
            properties["EventPattern"] = json.dumps(properties["EventPattern"])
        events = self.client("events")
        arn = events.put_rule(Name=name, **properties)["RuleArn"]
        bus = properties.get("EventBusName", "default")
        if targets:
            events.put_targets(Rule=name, EventBusName=bus, Targets=_integers(targets))
        return Created(name, {"Arn": arn})

    def table(self, name: str, properties: Document) -> Created:
        """Create a table, with its time to live and its backups."""
        name = str(properties.get("TableName", name))
        dynamodb = self.client("dynamodb")
        settings = _table_settings(properties)
        table = dynamodb.create_table(TableName=name, **settings)["TableDescription"]
        expiry = cast("Document | None", properties.get("TimeToLiveSpecification"))
        if expiry:
            dynamodb.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={
                    "Enabled": _is_true(expiry.get("Enabled", True)),
                    "AttributeName": expiry["AttributeName"],
                },
            )
        recovery = cast("Document | None", properties.get("PointInTimeRecoverySpecification"))
        if recovery:
            enabled = _is_true(recovery.get("PointInTimeRecoveryEnabled", False))
            dynamodb.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
            )
        attributes = {"Arn": table["TableArn"]}
        if "LatestStreamArn" in table:
            attributes["StreamArn"] = table["LatestStreamArn"]
        return Created(name, attributes)

    def bucket(self, name: str, properties: Document) -> Created:
        """Create a bucket; of its settings, the name."""
        name = str(properties.get("BucketName", f"{name}-{self._account}".lower()))
        here = {"LocationConstraint": self._region}
        # us-east-1 is where a bucket is made without one, and no value of it (CreateBucket, S3).
        elsewhere = {} if self._region == "us-east-1" else {"CreateBucketConfiguration": here}
        self.client("s3").create_bucket(Bucket=name, **elsewhere)
        return Created(name, {"Arn": f"arn:aws:s3:::{name}"})

    def parameter(self, name: str, properties: Document) -> Created:
        """Write an SSM parameter."""
        name = str(properties.pop("Name", name))
        properties.pop("Tags", None)
        value = str(properties.pop("Value"))
        self.client("ssm").put_parameter(Name=name, Value=value, Overwrite=True, **properties)
        return Created(name, {"Type": properties["Type"], "Value": value})

    def log_group(self, name: str, properties: Document) -> Created:
        """Create a log group."""
        name = str(properties.get("LogGroupName", name))
        logs = self.client("logs")
        logs.create_log_group(logGroupName=name)
        days = properties.get("RetentionInDays")
        if days is not None:
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(str(days)))
        return Created(name, {"Arn": self._arn("logs", f"log-group:{name}:*")})

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self._region}:{self._account}:{resource}"


def _table_settings(properties: Document) -> Document:
    """Return the properties of a table as CreateTable takes them."""
    known = (
        "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
        "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification", "Tags",
    )  # fmt: skip
    settings = {key: _integers(properties[key]) for key in known if key in properties}
    stream = cast("Document | None", properties.get("StreamSpecification"))
    if stream:
        settings["StreamSpecification"] = {"StreamEnabled": True, **stream}
    encryption = cast("Document | None", properties.get("SSESpecification"))
    if encryption:
        # CloudFormation says `SSEEnabled` where CreateTable says `Enabled`; the rest is the same.
        same = {key: value for key, value in encryption.items() if key != "SSEEnabled"}
        settings["SSESpecification"] = {"Enabled": _is_true(encryption["SSEEnabled"]), **same}
    return settings


def _is_true(value: object) -> bool:
    return _attribute(value) == "true"


def _attribute(value: object) -> str:
    """Return an attribute as the SQS and SNS APIs take it: a text, JSON for a structure."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _tags(tags: object) -> dict[str, str]:
    pairs = cast("list[dict[str, str]]", tags)
    return {pair["Key"]: str(pair["Value"]) for pair in pairs}


def _integers(value: object, name: str = "") -> object:
    """Return *value* with the numbers that CloudFormation takes as text made numbers again."""
    if isinstance(value, list):
        return [_integers(item) for item in value]
    if isinstance(value, dict):
        return {key: _integers(item, str(key)) for key, item in value.items()}
    numeric = ("Units", "Attempts", "Seconds")
    return int(value) if isinstance(value, str) and name.endswith(numeric) else value
