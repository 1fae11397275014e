"""What people run by hand: migrate, rebuild, verify. Each prints what it does and gives an exit code."""

from __future__ import annotations

from services.tickets import bootstrap
from services.tickets.settings import Settings
from shared.service import administration
from shared.service.settings import AdminSettings


def migrate(settings: AdminSettings) -> int:
    """Bring the schemas up to date."""
    return administration.say_migrated(bootstrap.migrate(settings))


def rebuild(settings: Settings, name: str) -> int:
    """Fill a projection anew and swap it in; readers go on with the old rows until the swap."""
    by_name = {each.name: each for each in bootstrap.PROJECTIONS}
    if name not in by_name:
        return administration.no_projection(name, by_name)
    service = bootstrap.build(settings)
    try:
        anew = bootstrap.build_rebuild(service, settings, by_name[name])
        return administration.rebuild(anew, by_name[name], service.store)
    finally:
        service.close()


def verify(settings: Settings) -> int:
    """Make every projection anew beside the live one and print each row that differs; none is 0."""
    service = bootstrap.build(settings)
    try:
        return administration.verify(
            bootstrap.PROJECTIONS, lambda each: bootstrap.build_rebuild(service, settings, each), service.store
        )
    finally:
        service.close()
