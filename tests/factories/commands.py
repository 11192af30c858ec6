"""The command line, run in this process on a test's installation."""

from click.testing import CliRunner, Result

from antifraud.cli import main
from antifraud.installation import Installation


def run(installation: Installation, *arguments: str) -> Result:
    """Run ``antifraud`` with the installation's settings as its environment."""
    settings = installation.settings
    environment = {
        "DATABASE_URL": settings.database_url,
        "ANTIFRAUD_APP_DATABASE_URL": settings.app_database_url,
        "ANTIFRAUD_HOME": str(settings.home),
        "ANTIFRAUD_ENVIRONMENT": settings.environment,
        "ANTIFRAUD_TESTS_SERVER": None,
    }
    return CliRunner(env=environment).invoke(main, list(arguments))
