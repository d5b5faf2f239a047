"""What `steward restore`, `exemptions` and `enforce` refuse before they ask AWS for anything."""

import pytest
from click.testing import CliRunner

from cli.main import steward
from cli.purls import parse_version

PURL = "pkg:npm/%40mycompany/ui"


@pytest.mark.parametrize(
    ("purl", "version"),
    [
        ("pkg:npm/%40mycompany/ui@1.0.0", "1.0.0"),
        ("pkg:npm/@mycompany/ui@1.0.0", "1.0.0"),
        ("pkg:npm/@mycompany/ui", None),
        ("pkg:npm/%40mycompany/ui", None),
        ("pkg:maven/com.mycompany/app@1.0%2B1?type=jar", "1.0+1"),
        ("pkg:pypi/my-lib@", None),
        ("/npm/@mycompany/ui", None),
    ],
)
def test_a_package_url_may_have_a_version(purl: str, version: str | None) -> None:
    """A path has none."""
    assert parse_version(purl) == version


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["restore", PURL, "--repository", "r"], "Missing option '--reason'", id="no reason"
        ),
        pytest.param(
            ["restore", PURL, "--repository", "r", "--reason", "..."],
            "say why",
            id="the placeholder of the message to people",
        ),
        pytest.param(["restore", PURL, "--reason", "x"], "'--repository'", id="no repository"),
        pytest.param(
            ["restore", PURL, "--repository", "r", "--reason", "x", "--for", "7"],
            "'7' is no duration. Write ISO 8601",
            id="no duration",
        ),
        pytest.param(
            ["restore", PURL, "--repository", "r", "--reason", "x", "--for", "PT0S"],
            "an exemption has to last",
            id="no time at all",
        ),
        pytest.param(
            ["exemptions", "--end", PURL], "--end and --repository go together", id="end nowhere"
        ),
        pytest.param(
            ["exemptions", "--repository", "r"], "--end and --repository go", id="end nothing"
        ),
        pytest.param(["exemptions", "--version", "1"], "--version says what", id="only a version"),
        pytest.param(["enforce"], "'--repository'", id="enforce nowhere"),
    ],
)
def test_what_is_missing_is_a_usage_error(arguments: list[str], message: str) -> None:
    """The exit status is 2, and the message says what to give."""
    result = CliRunner().invoke(steward, arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
