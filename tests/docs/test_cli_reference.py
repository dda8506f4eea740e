"""The reference of commands is what the commands say."""

from deployment.cli_reference import PAGE, reference


def test_the_reference_of_commands_is_written_from_them() -> None:
    """Whoever changes an option runs python deployment/cli_reference.py."""
    assert PAGE.read_text() == reference(), "Run: python deployment/cli_reference.py"
