"""One settings object: where data lives, which model is configured, what the bank has decided.

Order of precedence: command-line values, environment (``COPILOT_…``), the YAML file named by
``--config`` or ``COPILOT_CONFIG``, defaults. Secrets come from the environment only.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from copilot.errors import InputError
from copilot.paths import DATABASE_FILE, DEFAULT_DATA_DIR, shipped


class BankPolicy(BaseModel):
    """What a bank decides for itself: thresholds that are neither law nor code.

    Amounts are fen. ``tiers`` maps a tier to the lowest month-average assets that reach it.
    ``refusal_outcomes`` are the outcomes of an interaction that mean "leave me alone",
    ``service_kinds`` the kinds that are no marketing contact, ``demand_account_kinds`` the
    accounts whose balance is demand money (accounts without a kind count too).
    ``product_priority`` orders products that serve a need equally well; it is not a sort by
    return.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bank_name: str = "示例银行"
    tiers: dict[str, int] = Field(
        default_factory=lambda: {
            "mass": 0,
            "potential": 5_0000_00,
            "wealth": 20_0000_00,
            "affluent": 50_0000_00,
            "pre_private": 300_0000_00,
            "private": 600_0000_00,
        }
    )
    elder_age: int = 65
    dormant_days: int = 180
    idle_demand_amount: int = 5_0000_00
    idle_demand_days: int = 60
    maturity_ahead_days: int = 30
    large_inflow_amount: int = 10_0000_00
    risk_valid_months: int = 12
    contact_interval_days: int = 30
    contact_refusal_days: int = 180
    refusal_outcomes: tuple[str, ...] = ("refused", "do_not_contact", "拒绝", "拒绝联系")
    service_kinds: tuple[str, ...] = ("service", "inbound", "complaint", "服务", "来电")
    demand_account_kinds: tuple[str, ...] = ("demand", "current", "savings", "活期")
    product_priority: tuple[str, ...] = ()


class ModelLimits(BaseModel):
    """What calls to a model may use; ``None`` is no limit.

    Money is fen, prices are fen for a million tokens. ``request`` is one draft or answer with all
    its calls, ``day`` a calendar day of the installation. After ``failures`` calls in a row
    without a usable reply the endpoint is left alone for ``rest_s`` seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt_price: int = Field(default=0, ge=0)
    completion_price: int = Field(default=0, ge=0)
    request_tokens: int | None = Field(default=60_000, gt=0)
    request_fen: int | None = Field(default=None, gt=0)
    request_seconds: float | None = Field(default=120.0, gt=0)
    day_tokens: int | None = Field(default=None, gt=0)
    day_fen: int | None = Field(default=None, gt=0)
    day_seconds: float | None = Field(default=None, gt=0)
    concurrent: int = Field(default=64, ge=1)
    failures: int = Field(default=5, ge=1)
    rest_s: float = Field(default=30.0, ge=0)

    @property
    def by_day(self) -> bool:
        """Whether a day is limited at all."""
        return any((self.day_tokens, self.day_fen, self.day_seconds))


class Settings(BaseSettings):
    """Settings of one installation."""

    model_config = SettingsConfigDict(env_prefix="COPILOT_", extra="ignore", frozen=True)

    data_dir: Path = DEFAULT_DATA_DIR
    database_url: str | None = None
    knowledge_dir: Path = Field(default_factory=lambda: shipped("knowledge"))
    prompts_dir: Path = Field(default_factory=lambda: shipped("prompts"))
    business_date: date | None = None

    llm_base_url: str | None = None
    llm_model: str | None = None
    llm_api_key: SecretStr | None = None
    llm_timeout_s: float = 30.0
    llm_retries: int = 2
    llm_limits: ModelLimits = ModelLimits()
    llm_record_dir: Path | None = None
    llm_replay_dir: Path | None = None

    embedding_base_url: str | None = None
    embedding_model: str | None = None
    embedding_api_key: SecretStr | None = None
    dense: Literal["off", "on", "auto"] = "auto"
    chroma_url: str | None = None

    transfer_prices: Path | None = None

    policy: BankPolicy = BankPolicy()

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy URL; SQLite inside the data directory unless one is configured."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / DATABASE_FILE}"

    @property
    def model_configured(self) -> bool:
        """Whether a language model endpoint, or a folder of its recorded replies, is configured."""
        return bool((self.llm_base_url or self.llm_replay_dir) and self.llm_model)

    @property
    def embeddings_configured(self) -> bool:
        """Whether an embedding endpoint is configured."""
        return bool(self.embedding_base_url and self.embedding_model)


_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """The settings from file, environment and the given overrides (``None`` values are ignored).

    Raises:
        InputError: the file is unreadable, or a key or value is wrong.
    """
    config = config or (
        Path(os.environ["COPILOT_CONFIG"]) if "COPILOT_CONFIG" in os.environ else None
    )
    values = _read_config(config) if config else {}
    for name in list(values):
        if f"COPILOT_{name.upper()}" in os.environ:
            del values[name]
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"设置无效：{first['msg']}",
            field=".".join(str(part) for part in first["loc"]),
            file=str(config) if config else None,
            next="请改正配置文件或环境变量后重试。",
        ) from None


def _read_config(path: Path) -> dict[str, Any]:
    import yaml

    if not path.is_file():
        raise InputError("没有这个配置文件。", file=str(path), next="请核对 --config 的路径。")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError:
        how = "请检查该文件的读取权限。"
        raise InputError("读不到配置文件。", file=str(path), next=how) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        how = "请按 UTF-8 保存，并检查缩进和引号。"
        raise InputError("配置文件不是可读的 YAML。", file=str(path), next=how) from None
    known = set(Settings.model_fields)
    if not isinstance(values, dict) or set(values) - known:
        unknown = "、".join(sorted(set(values) - known)) if isinstance(values, dict) else "非映射"
        raise InputError(
            f"配置文件有未知项：{unknown}",
            file=str(path),
            next=f"可用的项：{'、'.join(sorted(known))}。",
        )
    secret = {"llm_api_key", "embedding_api_key"} & set(values)
    if _PASSWORD.search(str(values.get("database_url", ""))):
        raise InputError(
            "数据库密码不得写在配置文件中",
            file=str(path),
            field="database_url",
            next="请改用环境变量 COPILOT_DATABASE_URL。",
        )
    if secret:
        raise InputError(
            f"密钥不得写在配置文件中：{'、'.join(sorted(secret))}",
            file=str(path),
            next="请改用环境变量 COPILOT_LLM_API_KEY、COPILOT_EMBEDDING_API_KEY。",
        )
    return values
