"""The store of one installation: database, data directory, and the repositories over them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from copilot.errors import Busy, DependencyError, StateError
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import schema
from copilot.store.engine import open_engine, read_connection, write_transaction
from copilot.store.facts import FactsRepository
from copilot.store.knowledge import KnowledgeRepository
from copilot.store.products import ProductRepository
from copilot.store.staff import StaffRepository

if TYPE_CHECKING:  # a search needs none of these, and a cold one pays for every import
    from copilot.records.work import Subject
    from copilot.store.approvals import ApprovalRepository
    from copilot.store.audit import AuditLog
    from copilot.store.conversations import ConversationRepository
    from copilot.store.customers import CustomerRepository
    from copilot.store.drafts import DraftRepository
    from copilot.store.model_usage import ModelUsageRepository
    from copilot.store.work import WorkRepository


class Store:
    """Everything that is kept. Repositories cannot be had without a `Principal`."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.data_dir: Path = settings.data_dir
        self.engine = engine

    @classmethod
    def exists(cls, settings: Settings) -> bool:
        """Whether there is a store, of whatever schema, in the file or on the server.

        Raises:
            DependencyError: the database cannot be asked.
        """
        url = sa.make_url(settings.resolved_database_url)
        if url.get_backend_name() == "sqlite":
            return Path(url.database or "").is_file()
        store = cls(settings, open_engine(settings.resolved_database_url))
        try:
            return store._revision() is not None
        finally:
            store.close()

    @classmethod
    def open(cls, settings: Settings) -> Store:
        """Opens an existing store.

        Raises:
            StateError: there is none yet, or it needs a migration.
        """
        url = sa.make_url(settings.resolved_database_url)
        if url.get_backend_name() == "sqlite" and not cls.exists(settings):
            raise StateError(
                f"数据目录 {settings.data_dir} 里还没有库",
                next="请先运行 copilot init --sample，或用 --data-dir 指定已有的数据目录。",
            )
        store = cls(settings, open_engine(settings.resolved_database_url))
        revision = store._revision()
        if revision != schema.HEAD:
            newer = (revision or "") > schema.HEAD
            raise StateError(
                f"库的结构版本是 {revision or '（空）'}，程序需要 {schema.HEAD}",
                next="这个库由更新版本的程序建立，请换用那个版本。"
                if newer
                else "请用建库时的 --sample 或 --sources 再运行 copilot init（数据不变）。",
            )
        return store

    @classmethod
    def create(cls, settings: Settings) -> Store:
        """Opens a store, creating it or migrating it to the newest schema first.

        Raises:
            DependencyError: the directory or database cannot be written.
        """
        _make_private_directory(settings.data_dir)
        store = cls(settings, open_engine(settings.resolved_database_url))
        if store._revision() != schema.HEAD:
            from copilot.store.migrate import upgrade

            upgrade(store.engine)
        return store

    def close(self) -> None:
        """Releases the database connections."""
        self.engine.dispose()

    @contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Holds the data directory for one long write (load, profile build, ingest).

        Raises:
            Busy: another process holds it.
            DependencyError: this user may not write the data directory.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.data_dir / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Busy(
                f"另一个进程正在写入数据目录 {self.data_dir}",
                next="请等它结束后重试，或用 --data-dir 换一个目录。",
            ) from None
        except PermissionError:
            raise DependencyError(
                f"当前用户对数据目录没有写权限，未写入任何内容：{self.data_dir}",
                next="请换有写权限的用户运行。",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def transaction(self) -> AbstractContextManager[Connection]:
        """One write transaction: all of it or nothing."""
        return write_transaction(self.engine)

    @cached_property
    def facts(self) -> FactsRepository:
        """Generations of the bank's tables."""
        return FactsRepository(self.engine, self.data_dir)

    @cached_property
    def audit(self) -> AuditLog:
        """The hash-chained log."""
        from copilot.store.audit import AuditLog

        return AuditLog(self.engine)

    def approvals(self, connection: Connection) -> ApprovalRepository:
        """Templates with their reviews, in the caller's transaction."""
        from copilot.store.approvals import ApprovalRepository

        return ApprovalRepository(connection)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading."""
        return read_connection(self.engine)

    def customers(self, principal: Principal) -> CustomerRepository:
        """Customers in the principal's scope."""
        from copilot.store.customers import CustomerRepository

        return CustomerRepository(self.engine, principal, self.facts.current().missing)

    def products(self, principal: Principal) -> ProductRepository:
        """The shelf."""
        return ProductRepository(self.engine, principal)

    def staff(self, principal: Principal) -> StaffRepository:
        """Staff, licences and branches."""
        return StaffRepository(self.engine, principal)

    def knowledge(self, principal: Principal) -> KnowledgeRepository:
        """Documents and passages in the principal's branches."""
        return KnowledgeRepository(self.engine, principal)

    def work(self, principal: Principal, subject: Subject) -> WorkRepository:
        """What a member of staff or a branch did."""
        from copilot.store.work import WorkRepository

        return WorkRepository(self.engine, principal, subject)

    def drafts(self, principal: Principal) -> DraftRepository:
        """Drafts in the principal's scope."""
        from copilot.store.drafts import DraftRepository

        return DraftRepository(self.engine, principal, self.audit)

    def conversations(self, principal: Principal) -> ConversationRepository:
        """What the principal's own conversations are about."""
        from copilot.store.conversations import ConversationRepository

        return ConversationRepository(self.engine, principal)

    @cached_property
    def model_usage(self) -> ModelUsageRepository:
        """What each day has used of the model."""
        from copilot.store.model_usage import ModelUsageRepository

        return ModelUsageRepository(self.engine)

    def _revision(self) -> str | None:
        with read_connection(self.engine) as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            revision: str | None = connection.scalar(
                sa.text("SELECT version_num FROM alembic_version")
            )
            return revision


def _make_private_directory(path: Path) -> None:
    # Customer data lives here, so nobody but the owner may look.
    try:
        path.mkdir(parents=True, exist_ok=True)
        os.chmod(path, 0o700)
    except OSError as error:
        raise DependencyError(
            f"数据目录不可用：{path}（{error.strerror}）",
            next="请检查路径与权限，或用 --data-dir 换一个目录。",
        ) from None
