"""A PostgreSQL server of the tests' own: started on a free port, thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from system_packages import program

USER = "copilot"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; its password is random and stands nowhere else."""

    port: int
    password: str

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Makes an empty database and returns its URL."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        return self.url(database)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A new server with one superuser; skips, naming it, where PostgreSQL is not installed."""
    initdb = program("initdb", "usr/lib/postgresql/*/bin/initdb")
    folder = Path(tempfile.mkdtemp(prefix="copilot-pg-"))
    server = PostgresServer(_free_port(), secrets.token_hex(16))
    running: subprocess.Popen[bytes] | None = None
    account = _account()
    try:
        (folder / "password").write_text(server.password)
        if account:
            for path in (folder, folder / "password"):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run(
            [initdb, "-D", folder / "data", "-U", USER, "-A", "scram-sha-256", "--no-sync",
             "-E", "UTF8", "--locale", "C", "--pwfile", folder / "password"],
            account,
        )  # fmt: skip
        running = _start(initdb.with_name("postgres"), folder, server.port, account)
        _wait(server)
        yield server
    finally:
        if running is not None:
            running.terminate()
            running.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root runs it as its own or as nobody."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _run(words: list[str | Path], account: pwd.struct_passwd | None) -> None:
    subprocess.run(
        words,
        check=True,
        capture_output=True,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )


def _start(
    postgres: Path, folder: Path, port: int, account: pwd.struct_passwd | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [postgres, "-D", folder / "data", "-k", folder, "-h", "127.0.0.1", "-p", str(port),
         "-F", "-c", "shared_buffers=16MB", "-c", "timezone=UTC"],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )  # fmt: skip


def _wait(server: PostgresServer) -> None:
    import psycopg

    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(server.url().replace("+psycopg", ""), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
