"""Maven snapshot builds as generic HTTP clients publish them (User Guide, snapshots with curl)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.developer import Developer
from tests.end_to_end.public_packages import minimal_pom

GROUP = "com.mycompany.app"
DOMAIN = "my-company"


@dataclass(frozen=True, slots=True)
class Build:
    """One timestamped build of ``BASE-SNAPSHOT``; *time* as Maven writes it, in UTC."""

    artifact: str
    base: str
    time: str
    number: int

    @property
    def version(self) -> str:
        """The build version."""
        return f"{self.base}-{self.time}-{self.number}"

    @property
    def folder(self) -> str:
        """The path that its assets are uploaded under."""
        return f"{GROUP.replace('.', '/')}/{self.artifact}/{self.base}-SNAPSHOT"

    @property
    def files(self) -> dict[str, bytes]:
        """Its assets by file name."""
        return {
            f"{self.artifact}-{self.version}.jar": f"jar of {self.version}".encode(),
            f"{self.artifact}-{self.version}.pom": minimal_pom(
                GROUP, self.artifact, f"{self.base}-SNAPSHOT"
            ),
        }

    @property
    def metadata(self) -> bytes:
        """The snapshot's ``maven-metadata.xml`` when this is its newest build."""
        updated = self.time.replace(".", "")
        entries = "".join(
            f"<snapshotVersion><extension>{extension}</extension><value>{self.version}</value>"
            f"<updated>{updated}</updated></snapshotVersion>"
            for extension in ("jar", "pom")
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><metadata modelVersion="1.1.0">'
            f"<groupId>{GROUP}</groupId><artifactId>{self.artifact}</artifactId>"
            f"<version>{self.base}-SNAPSHOT</version><versioning><snapshot>"
            f"<timestamp>{self.time}</timestamp><buildNumber>{self.number}</buildNumber></snapshot>"
            f"<lastUpdated>{updated}</lastUpdated>"
            f"<snapshotVersions>{entries}</snapshotVersions></versioning></metadata>"
        ).encode()


class Curl:
    """curl with a token for the Maven endpoint of one repository."""

    def __init__(self, developer: Developer, repository: str) -> None:
        self._developer = developer
        self._url = developer.repository_url(DOMAIN, repository, "maven")
        self._credentials = ("-u", f"aws:{developer.token(DOMAIN)}")

    def put(self, path: str, content: bytes) -> str:
        """Upload *content* as the User Guide does, and return the HTTP status."""
        file = self._file(content)
        return self._developer.run(
            *("curl", "-sS", "--request", "PUT", *self._credentials),
            *("-H", "Content-Type: application/octet-stream", "--data-binary", f"@{file}"),
            *("-o", self._developer.home / "said", "-w", "%{http_code}", f"{self._url}{path}"),
        ).stdout

    def get(self, path: str) -> tuple[str, bytes]:
        """Return the status and body of a download, redirects followed."""
        out = self._developer.home / "received"
        out.write_bytes(b"")
        status = self._developer.run(
            *("curl", "-sS", "-L", *self._credentials, "-o", out),
            *("-w", "%{http_code}", f"{self._url}{path}"),
        ).stdout
        return status, out.read_bytes()

    def upload_assets(self, *builds: Build) -> None:
        """Upload the assets of *builds*, but no metadata."""
        for build in builds:
            for name, content in build.files.items():
                status = self.put(f"{build.folder}/{name}", content)
                assert status in {"200", "201"}, f"{name}: {status}"

    def upload_metadata(self, newest: Build) -> None:
        """Upload the metadata that names *newest* as the snapshot's newest build."""
        status = self.put(f"{newest.folder}/maven-metadata.xml", newest.metadata)
        assert status in {"200", "201"}, status

    def deploy(self, build: Build) -> None:
        """Upload the assets and then the metadata of one build, as a Maven client does."""
        self.upload_assets(build)
        self.upload_metadata(build)

    def _file(self, content: bytes) -> Path:
        file = self._developer.home / "sent"
        file.write_bytes(content)
        return file
