"""Every behaviour that AWS does not document and that matters, each as a named switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from emulator.core.errors import Validation

SwitchValue = str | int | bool


@dataclass(frozen=True, slots=True)
class Switch:
    """
    One undocumented behaviour.

    Attributes:
        question: What AWS's documents leave open.
        allowed: The values it may be set to, the default first.
        elsewhere: What an automation still reaches under the other values, and what it leaves and
            reports.
    """

    name: str
    question: str
    allowed: tuple[SwitchValue, ...]
    elsewhere: str

    @property
    def default(self) -> SwitchValue:
        """The value until it is set."""
        return self.allowed[0]


_SAME = "the same end state"
_ON_OFF = (True, False)
_OFF_ON = (False, True)

_TABLE = (
    # Status changes
    Switch(
        "sameStatusUpdate",
        "What UpdatePackageVersionsStatus does to a version that has the target status already.",
        ("success", "successWithEvent", "notAllowed"),
        f"{_SAME}: a version already at its target is not written",
    ),
    Switch(
        "unfinishedMayBeUnlisted",
        "Whether an Unfinished version may become Unlisted directly.",
        _ON_OFF,
        "false: stale Unfinished builds stay as they are and are reported as refused",
    ),
    Switch(
        "unfinishedMayBeArchived",
        "Whether an Unfinished version may become Archived directly.",
        _ON_OFF,
        "false: Unfinished versions stay as they are and are reported as refused",
    ),
    Switch(
        "unfinishedMayBeDisposed",
        "Whether an Unfinished version may be disposed of.",
        _ON_OFF,
        "false: Unfinished versions stay as they are and are reported as refused",
    ),
    Switch(
        "archivedMayBeDisposed",
        "Whether an Archived version may be disposed of.",
        _ON_OFF,
        "false: Archived versions stay as they are and are reported as refused",
    ),
    Switch(
        "repeatedDispose",
        "What DisposePackageVersions does to a Disposed version.",
        ("notAllowed", "success"),
        _SAME,
    ),
    Switch(
        "bulkAtomicity",
        "Whether one refused version of a bulk call makes the others SKIPPED (so today, not by "
        "contract).",
        ("allOrNothing", "perVersion"),
        _SAME,
    ),
    Switch(
        "publishedTimeMoves",
        "Which changes move publishedTime (time of ingestion or last update, User Guide, age "
        "gating).",
        ("onContent", "never", "onAnyChange"),
        "the same end state for rules that read ages from names or from the public index",
    ),
    # Lists and reads
    Switch(
        "listOrder",
        "The order of lists that are not asked to sort.",
        ("name", "nameDescending", "insertion"),
        _SAME,
    ),
    Switch(
        "publishedTimeOrder",
        "The direction of sortBy=PUBLISHED_TIME, and whether the list is sorted by it at all.",
        ("newestFirst", "oldestFirst", "unsorted"),
        "the same end state. unsorted (sortBy is ignored, the order is that of listOrder): what "
        "looks for ages by bisecting falls back to asking version by version",
    ),
    Switch(
        "listHidesArchived",
        "Whether ListPackageVersions without a status hides Archived versions (two AWS texts "
        "disagree).",
        _OFF_ON,
        "the same end state, or Archived versions are left until asked for by status",
    ),
    Switch(
        "defaultPageSize",
        "The page size of lists other than ListPackages and ListPackageVersions.",
        (100, 50, 10, 1000),
        _SAME,
    ),
    Switch(
        "unreadableAssetError",
        "The error of GetPackageVersionAsset for Archived and Disposed versions.",
        ("ResourceNotFoundException", "ConflictException"),
        "the same: the asset is not read",
    ),
    Switch(
        "genericUnfinishedReadable",
        "Whether GetPackageVersionAsset reads an Unfinished generic version.",
        _ON_OFF,
        _SAME,
    ),
    Switch(
        "licensesFromClassifiers",
        "Whether DescribePackageVersion tells a Python distribution's license classifiers, if it "
        "has neither License-Expression nor License.",
        _OFF_ON,
        "true: a licence that only classifiers tell is judged; under false it is unknown and holds",
    ),
    # Events
    Switch(
        "statusChangeEmitsEvent",
        "Whether a status change emits an event.",
        _ON_OFF,
        "the same: our own status changes never wake an automation",
    ),
    Switch(
        "deletedEventState",
        "packageVersionState of a Deleted event.",
        ("lastState", "Deleted"),
        _SAME,
    ),
    Switch(
        "multiAssetPublishEvents",
        "How many events a version of several assets emits while it is uploaded.",
        ("onePerAsset", "oneCreated"),
        _SAME,
    ),
    Switch(
        "eventPrecedesVisibility",
        "Whether the event of an ingested version may arrive before the API shows the version.",
        _OFF_ON,
        "the same, after the sweep if the version is still invisible when the event arrives",
    ),
    Switch(
        "deleteRepositoryEmits",
        "Whether DeleteRepository emits a Deleted event for each version.",
        _OFF_ON,
        _SAME,
    ),
    Switch(
        "distTagEmits",
        "Whether a change of npm dist-tags or of deprecation emits an event.",
        _OFF_ON,
        _SAME,
    ),
    # Copies and origin controls
    Switch(
        "copyCarriesStatus",
        "The status of a copy: the source's if Published or Unlisted (others NOT_ALLOWED), or "
        "always Published.",
        ("carry", "published"),
        "published: an Unlisted source is listed in the destination until a rule unlists it there",
    ),
    Switch(
        "copyRevision",
        "Whether a copy has a revision of its own or its source's.",
        ("own", "source"),
        f"{_SAME}: what is in two repositories is compared by the hashes of its assets",
    ),
    Switch(
        "copyOverwriteKeepsAssets",
        "Whether allowOverwrite leaves the version the assets that its source does not have.",
        _OFF_ON,
        f"{_SAME}: a version with an asset that its source does not have is never overwritten",
    ),
    Switch(
        "copyOverHiddenVersion",
        "What allowOverwrite does to a version that the destination holds as Unlisted or Archived: "
        "gives it the status of any copy, leaves it its own, or refuses (NOT_ALLOWED).",
        ("copyStatus", "keepStatus", "notAllowed"),
        "keepStatus, notAllowed: a version that was unlisted or archived there stays so and is "
        "reported",
    ),
    Switch(
        "identicalCopyRestoresStatus",
        "Whether the copy of a version that the destination holds identically, as Unlisted or "
        "Archived, gives it the status of any copy; else it is in neither map.",
        _OFF_ON,
        f"{_SAME}: what a record calls copied or recalled is not copied again; what somebody has "
        "withdrawn there past the records may come back (decision 0026)",
    ),
    Switch(
        "snapshotsMayBeCopied",
        "Whether Maven snapshots and their builds may be copied; else NOT_ALLOWED.",
        _ON_OFF,
        f"{_SAME}: snapshots are never promoted",
    ),
    Switch(
        "copyObeysOriginControls",
        "Whether publish=BLOCK in the destination, or PUBLISH of the package's group, refuses a "
        "copy (NOT_ALLOWED).",
        _OFF_ON,
        "true: the copy is not made and is reported as refused",
    ),
    Switch(
        "copyDefaultRestrictions",
        "Origin configuration of a package that first comes by CopyPackageVersions "
        "(publish/upstream).",
        ("ALLOW/BLOCK", "BLOCK/ALLOW", "ALLOW/ALLOW"),
        "the same end state wherever an origins rule names the package",
    ),
    Switch(
        "retainedInternalDefaultRestrictions",
        "Origin configuration of a package first retained from an internal upstream "
        "(publish/upstream).",
        ("BLOCK/ALLOW", "ALLOW/BLOCK", "ALLOW/ALLOW"),
        "the same end state wherever an origins rule names the package",
    ),
    Switch(
        "includeFromUpstreamIngests",
        "Whether CopyPackageVersions with includeFromUpstream ingests from an external connection.",
        _OFF_ON,
        _SAME,
    ),
    # Package groups
    Switch(
        "packageGroupReassociationSeconds",
        "How long after CreatePackageGroup and DeletePackageGroup packages are in the groups that "
        "they were in before (eventually consistent, User Guide, package groups).",
        (0, 60, 600),
        "the same end state, once packages are in the groups whose settings the policy says",
    ),
    # Maven snapshots
    Switch(
        "curlOlderBuilds",
        "The status of older builds when the metadata of the newest one arrives (snapshots by "
        "curl).",
        ("Unfinished", "Published"),
        "the same: stale builds of either status are unlisted",
    ),
    Switch(
        "deletingBuildAffectsAlias",
        "Whether deleting the build that X-SNAPSHOT points at takes the assets from X-SNAPSHOT "
        "too.",
        _OFF_ON,
        "the same: the newest build is never deleted",
    ),
    Switch(
        "mavenMetadataSometimesLeavesUnfinished",
        "Whether a maven-metadata.xml upload sometimes leaves the version Unfinished, as users "
        "report.",
        ("never", "sometimes", "always"),
        "such a version supersedes nothing and stays as it is",
    ),
    # The data plane
    Switch(
        "blockedPublishStatus",
        "HTTP status of a publish that origin controls refuse.",
        (403, 409, 400),
        _SAME,
    ),
    Switch(
        "invalidTokenStatus",
        "HTTP status of a bad or expired token.",
        (401, 404),
        "the same: a token is renewed before it expires",
    ),
    Switch(
        "redirectStatus",
        "HTTP status of the redirect to an asset; 200 is the asset itself, without a redirect.",
        (302, 307, 301, 200),
        _SAME,
    ),
    Switch(
        "unavailableConnectionStatus",
        "HTTP status for an asset, or a list of versions, that only an external connection that "
        "does not answer could give.",
        (404, 502, 503, 504),
        "the same end state: what an outage kept out is asked for again by the next schedule. "
        "Under 404 warm_caches says that the connection does not answer unless something shows "
        "that it does, or fewer than five packages are not found in a repository that holds none "
        "to ask by; under the others it always does",
    ),
    Switch(
        "ingestsBeforeDownload",
        "Whether a version comes in from outside if the redirect to its asset is not followed.",
        _ON_OFF,
        "the same end state: what warm_caches asked for and finds not listed, it downloads in full "
        "at the next attempt",
    ),
    Switch(
        "gemPlatformPlace",
        "Where the platform of a gem stands: in its package version (1.15.0-x86_64-linux), or only "
        "in the asset's name, all platforms being assets of one version.",
        ("version", "assets"),
        "the same end state: warm_caches asks for a gem by its file, and takes it for warm if "
        "either is listed",
    ),
    Switch("mavenPutStatus", "HTTP status of an accepted Maven upload.", (201, 200), _SAME),
    Switch("npmPublishStatus", "HTTP status of an accepted npm publish.", (200, 201), _SAME),
    Switch(
        "npmIdenticalRepublish",
        "What publishing identical bytes of an npm version again does.",
        ("conflict", "success"),
        _SAME,
    ),
)

SWITCHES: Mapping[str, Switch] = MappingProxyType({each.name: each for each in _TABLE})


def validated(name: str, value: object) -> SwitchValue:
    """
    Return *value* if the switch *name* may have it.

    Raises:
        Validation: There is no such switch, or it does not take this value.
    """
    switch = SWITCHES.get(name)
    if switch is None:
        raise Validation(f"No switch is named {name!r}; there are {', '.join(sorted(SWITCHES))}")
    for allowed in switch.allowed:
        if type(allowed) is type(value) and allowed == value:
            return allowed
    raise Validation(f"Switch {name} takes one of {list(switch.allowed)}, not {value!r}")
