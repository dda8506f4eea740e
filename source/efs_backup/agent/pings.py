"""The agent's ping: its address is a secret that a parameter of Systems Manager holds."""

import logging

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import ServiceFault, WrongUsage
from efs_backup.domain.requests.ping_url import PingUrl
from efs_backup.engine.machine.ping import Ping

_logger = logging.getLogger(__name__)


def ping_of(services: BackupServices) -> tuple[Ping | None, tuple[str, ...]]:
    """(what tells the service that waits for signs, or None; notes about why it cannot be told)."""
    if services.secrets is None:
        return None, ()
    name = services.settings.ping_url_parameter
    try:
        return Ping(PingUrl(services.secrets.read(name)), _logger.warning), ()
    except (ServiceFault, WrongUsage) as error:
        note = f"No ping is sent: {error.message} (the parameter {name} of Systems Manager)"
        _logger.warning("%s", note)
        return None, (note,)
