"""What people run by hand: migrate, status, judge, rebuild, verify. Each prints what it does and gives an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from services.chat import bootstrap
from services.chat import judge as judging
from services.chat.settings import Settings, read_status_file
from services.chat.status.file import set_status
from services.chat.status.summary import BadSummary
from shared.service import administration
from shared.service.settings import AdminSettings

FAQ = Path("services/knowledge/content/faq")
"""Files that name the questions of the judged set; read by `judge` alone."""


def migrate(settings: AdminSettings) -> int:
    """Bring the schemas up to date."""
    return administration.say_migrated(bootstrap.migrate(settings))


def change_status(service: str, level: str, text: str | None) -> int:
    """Change what the status file says of a service."""
    path = read_status_file()
    try:
        report = set_status(path, service, level, text, bootstrap.now())
    except (ValueError, BadSummary, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for each in report.services:
        incident = f"  {each.incident.title}: {each.incident.body}" if each.incident else ""
        administration.console.print(f"{each.level:>12}  {each.name}{incident}")
    return 0


def judge(settings: Settings, amqp_url: str, files: Sequence[Path], page: Path) -> int:
    """Measure the assistant on judged sets; prints the figures and puts them in their place on `page`."""
    service = bootstrap.build(settings, amqp_url)
    try:
        assistant = bootstrap.build_assistant(settings, service.lookups)
        names = judging.faq_names(FAQ)
        reports = [
            judging.report(judging.judge(assistant, judging.read(file), names), file.as_posix()) for file in files
        ]
    finally:
        service.close()
    figures = "\n".join(reports)
    print(figures)
    try:
        page.write_text(judging.placed(page.read_text("utf-8"), figures), encoding="utf-8")
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def rebuild(settings: Settings, amqp_url: str, name: str) -> int:
    """Fill a projection anew and swap it in; readers go on with the old rows until the swap."""
    by_name = {each.name: each for each in bootstrap.PROJECTIONS}
    if name not in by_name:
        return administration.no_projection(name, by_name)
    service = bootstrap.build(settings, amqp_url)
    try:
        anew = bootstrap.build_rebuild(service, settings, by_name[name])
        return administration.rebuild(anew, by_name[name], service.store)
    finally:
        service.close()


def verify(settings: Settings, amqp_url: str) -> int:
    """Make every projection anew beside the live one and print each row that differs; none is 0."""
    service = bootstrap.build(settings, amqp_url)
    try:
        return administration.verify(
            bootstrap.PROJECTIONS, lambda each: bootstrap.build_rebuild(service, settings, each), service.store
        )
    finally:
        service.close()
