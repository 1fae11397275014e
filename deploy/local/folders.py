"""Makes the folders of one copy, each for the user who works in it."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import stat
from pathlib import Path

from deploy.local.settings import PROJECT, LocalError, Settings

SECRET_NAMES = (
    "postgres",
    "support_admin",
    "tickets",
    "knowledge",
    "chat",
    "analytics_reader",
    "rabbitmq",
    "supervisor",
    "live_tickets",
)


def make(settings: Settings) -> None:
    """Make run and data folder. Raises LocalError where someone else's folder stands in their place."""
    # The servers of a root's copy run as users of their own and have to get through, whatever the umask is.
    for folder in reversed([settings.run_dir, *settings.run_dir.parents]):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    for name in ("logs", "objects"):
        (settings.run_dir / name).mkdir(exist_ok=True)
    # a copy of its own, for `python -m services.chat status set`
    if not (settings.run_dir / "status.json").exists():
        shutil.copyfile(PROJECT / "services/chat/content/status.json", settings.run_dir / "status.json")
    settings.data_dir.parent.mkdir(parents=True, exist_ok=True)
    own_folder(settings.data_dir, 0o755)
    link = settings.run_dir / "data"
    if not link.exists():
        link.symlink_to(settings.data_dir)


def own_folder(folder: Path, mode: int) -> None:
    """Make a folder of the caller's own. Raises LocalError where somebody else made one of this name."""
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LocalError(f"{folder} belongs to someone else; remove it or choose another RUN_DIR.")
    folder.chmod(mode)


def owned(folder: Path, user: str | None) -> Path:
    """Make `folder`, readable by `user` alone (None: by whoever calls)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    own(folder, user)
    return folder


def own(path: Path, user: str | None) -> None:
    """Hand a file or folder to `user` (None: leave it)."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def write_private(path: Path, text: str, user: str | None = None) -> None:
    """Write a file that only `user` can read, whole or not at all."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    own(made, user)
    made.replace(path)


def passwords(settings: Settings) -> dict[str, str]:
    """Name -> password of everybody who signs in at this copy's servers; made at the first call and kept."""
    path = settings.run_dir / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = {name: secrets.token_urlsafe(24) for name in SECRET_NAMES if name not in known}
    if missing:
        known |= missing
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known
