"""How a bank reviews its templates: stages, authority, numbers and time limits, from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.records.codes import Role
from copilot.records.staff import Staff
from copilot.records.template import ReviewStage
from copilot.records.yaml_file import YamlFile

REVIEW_FILE = "review.yaml"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may do something: the named people, or the roles where nobody is named."""

    roles: frozenset[Role]
    people: frozenset[str] = frozenset()

    def covers(self, staff: Staff) -> bool:
        """Whether the person has it, employment aside."""
        return staff.staff_id in self.people if self.people else staff.role in self.roles


_HEAD_OFFICE = frozenset({Role.PRODUCT, Role.LEGAL, Role.CONSUMER_PROTECTION})


def _usual_stages() -> Mapping[ReviewStage, Authority]:
    return {
        ReviewStage.BRANCH: Authority(frozenset({Role.MANAGER, Role.REVIEWER})),
        ReviewStage.PRODUCT: Authority(frozenset({Role.PRODUCT})),
        ReviewStage.LEGAL: Authority(frozenset({Role.LEGAL})),
        ReviewStage.CONSUMER_PROTECTION: Authority(frozenset({Role.CONSUMER_PROTECTION})),
    }


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """The rules of the review desk; the defaults are a bank's usual way.

    ``stages`` are in their order. ``alike`` is the share of common character shingles from which
    on two texts stand together in the queue.
    """

    stages: Mapping[ReviewStage, Authority] = field(default_factory=_usual_stages)
    number_prefix: str = "示例行消审"
    longest_validity: timedelta = timedelta(days=365)
    one_person_one_stage: bool = True
    suspend: Authority = Authority(_HEAD_OFFICE | {Role.MANAGER})
    override: Authority = Authority(_HEAD_OFFICE)
    longest_override: timedelta = timedelta(days=7)
    alike: float = 0.6


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _AuthoritySheet(_Sheet):
    roles: list[Role] = Field(min_length=1)
    people: list[str] = []

    def authority(self) -> Authority:
        return Authority(frozenset(self.roles), frozenset(self.people))


class _StageSheet(_AuthoritySheet):
    stage: ReviewStage


class _OverrideSheet(_AuthoritySheet):
    longest_days: int = Field(ge=1, le=30)


class _QueueSheet(_Sheet):
    alike: float = Field(gt=0, le=1)


class _PolicySheet(_Sheet):
    number_prefix: str = Field(min_length=1)
    longest_validity_days: int = Field(ge=1, le=366)
    one_person_one_stage: bool = True
    stages: list[_StageSheet] = Field(min_length=1)
    suspend: _AuthoritySheet
    override: _OverrideSheet
    queue: _QueueSheet


def read_policy(path: Path) -> ReviewPolicy:
    """The policy in a bank's file; the usual one when there is no file.

    Raises:
        InputError: the file breaks its schema or names a stage twice.
    """
    if not path.is_file():
        return ReviewPolicy()
    file = YamlFile.read(path)
    sheet = file.validated(_PolicySheet)
    stages: dict[ReviewStage, Authority] = {}
    for position, given in enumerate(sheet.stages):
        if given.stage in stages:
            raise file.error(f"环节 {given.stage} 写了两次。", ("stages", position))
        stages[given.stage] = given.authority()
    return ReviewPolicy(
        stages=stages,
        number_prefix=sheet.number_prefix,
        longest_validity=timedelta(days=sheet.longest_validity_days),
        one_person_one_stage=sheet.one_person_one_stage,
        suspend=sheet.suspend.authority(),
        override=sheet.override.authority(),
        longest_override=timedelta(days=sheet.override.longest_days),
        alike=sheet.queue.alike,
    )
