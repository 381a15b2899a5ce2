"""The closed schema of a rule file: what a compliance officer may write, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import Evidence, Severity, Verdict
from copilot.records.gate_check import GateCheck


def _listed(*names: str) -> AfterValidator:
    """One of these names, refused as pydantic refuses a value that an enumeration lacks."""
    expected = ", ".join(repr(str(name)) for name in names)

    def refuse_others(name: str) -> str:
        if name not in names:
            raise PydanticCustomError("enum", "{expected}", {"expected": expected})
        return name

    return AfterValidator(refuse_others)


ProductName = Annotated[str, _listed("unknown", *ProductType)]
ChannelName = Annotated[str, _listed("online", "offline", *Channel)]
StanceName = Literal["negated", "warned", "question", "condition"]
FigureKind = Literal["rate", "amount", "term", "periods", "count"]
ClaimedKind = Literal["rate", "amount", "term", "date", "year", "time", "periods", "count"]
Operator = Literal["<", "<=", ">", ">=", "==", "!="]
MIN_CASES = 3
Word = Annotated[str, Field(min_length=1, max_length=60)]
Regex = Annotated[str, Field(min_length=1, max_length=4_000)]
RoleWord = Annotated[str, Field(max_length=200, pattern=r"^[^*+{}]*$")]  # nothing that repeats
Words = Annotated[list[Word], Field(max_length=1_000)]
Regexes = Annotated[list[Regex], Field(max_length=200)]


class Closed(BaseModel):
    """A part of the file in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CitationModel(Closed):
    """The article that a rule rests on, and how it was read.

    ``catalogue`` is the id of the row in the bank's catalogue of regulations, if it has one; an
    article is not cited for a day before its ``effective_from``.
    """

    regulation: str = Field(min_length=2)
    article: str = ""
    evidence: Evidence
    number: str = ""
    catalogue: str = ""
    effective_from: date | None = None


class ExcusesModel(Closed):
    """When a match is no objection (see `copilot.compliance.rules.Excuses`)."""

    unless: list[StanceName] = ["negated", "warned"]
    lawful: Words = []
    lawful_patterns: Regexes = []
    only_with: Words = []
    not_with: Words = []


class TermsModel(ExcusesModel):
    """Fixed strings."""

    words: Words = Field(min_length=1)


class PatternModel(ExcusesModel):
    """An RE2 pattern with the words of which one must be in the text for it to run."""

    regex: Regex
    anchors: Words = Field(min_length=1)


class RequiresModel(ExcusesModel):
    """An element that a whole text must contain."""

    element: str = Field(min_length=1)
    present: Regexes = Field(min_length=1)
    when: Words = []
    when_patterns: Regexes = []
    near: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _patterns_need_words(self) -> RequiresModel:
        if (self.near is not None or self.when_patterns) and not self.when:
            raise ValueError("near 和 when_patterns 需要 when 写明由哪些词触发")
        return self


class ClaimModel(ExcusesModel):
    """A figure near some words, compared with a bound or with a fact of the record."""

    figure: FigureKind
    near: Words = Field(min_length=1)
    within: int = Field(default=12, gt=0, le=60)
    operator: Operator
    value: float | None = None
    fact: str | None = None

    @model_validator(mode="after")
    def _one_side(self) -> ClaimModel:
        if (self.value is None) == (self.fact is None):
            raise ValueError("value 与 fact 必须且只能写一个")
        return self


class LookupModel(Closed):
    """A check over records, with its thresholds."""

    check: GateCheck
    parameters: dict[str, int | float | str | bool | list[str]] = {}


class JudgeModel(Closed):
    """A question of yes or no for a model; yes is an objection (see `copilot.compliance.opinion`).

    A model's answer is an opinion: the rule may warn or ask for review, never block.
    """

    question: str = Field(min_length=6, max_length=300)


class SwapModel(Closed):
    """Words and the lawful wording that may take their place; empty: the words may just go."""

    words: list[str] = Field(min_length=1)
    to: str = ""


class RewriteModel(Closed):
    """How ``check --fix`` makes an offending text lawful.

    ``cut`` is how much goes with words that have no swap; ``instead`` is said once in place of
    what was cut; figures of the kinds ``claimed`` beside the words belong to the claim and go with
    it. ``add`` is the wording of a missing element, the first whose slots
    (``{{ product.issuer }}``, as in templates) are on record; ``at`` is where it goes.
    """

    swaps: list[SwapModel] = []
    cut: Literal["word", "clause", "sentence"] = "clause"
    instead: str = ""
    claimed: list[ClaimedKind] = []
    add: list[str] = []
    at: Literal["start", "end", "last"] = "end"


class FactModel(Closed):
    """A record value in a case."""

    role: str
    kind: Literal["rate", "amount", "term", "date", "rating", "text", "count"]
    value: float | int | str
    source: str = "product"


class ContextModel(Closed):
    """The context of a case, as in ``check --jsonl``."""

    product: ProductType | None = None
    channel: Channel | None = None
    kind: DraftKind | None = None
    audience: Audience = Audience.CUSTOMER
    as_of: date | None = None
    whole: bool | None = None
    facts: list[FactModel] | None = None


class TextCase(Closed):
    """A text and, where it matters, its context."""

    text: str = Field(min_length=1)
    context: ContextModel = ContextModel()
    note: str = ""


class LookupCase(Closed):
    """Record values that a lookup rule judges; run by the matching stage."""

    given: dict[str, Any] = Field(min_length=1)
    note: str = ""


class CasesModel(Closed):
    """Texts (or record values) that the rule must hit, and near misses that it must not."""

    fail: list[str | TextCase | LookupCase] = Field(min_length=MIN_CASES)
    pass_: list[str | TextCase | LookupCase] = Field(alias="pass", min_length=MIN_CASES)


class EdgesModel(Closed):
    """Further cases at the rule's edges, proposed by `copilot rules mutate` and taken over."""

    fail: list[str | TextCase] = []
    pass_: list[str | TextCase] = Field(alias="pass", default=[])


class RuleModel(Closed):
    """One rule file."""

    id: str = Field(pattern=r"^[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+$")
    title: str = Field(min_length=2)
    severity: Severity
    verdict: Verdict
    status: Literal["active", "draft"] = "active"
    language: str = Field(default="zh", pattern="^[a-z]{2}$")
    products: list[ProductName] = []
    channels: list[ChannelName] = []
    kinds: list[DraftKind] = []
    audience: list[Audience] = [Audience.CUSTOMER]
    effective_from: date | None = None
    effective_to: date | None = None
    citations: list[CitationModel] = Field(min_length=1)
    why: str = Field(min_length=2)
    message: str = Field(min_length=2)
    suggestion: str = ""
    terms: list[TermsModel] = []
    patterns: list[PatternModel] = []
    requires: list[RequiresModel] = []
    claims: list[ClaimModel] = []
    lookup: LookupModel | None = None
    judge: JudgeModel | None = None
    grounding: bool = False
    rewrite: RewriteModel | None = None
    cases: CasesModel
    edges: EdgesModel = EdgesModel()

    @property
    def decided_by_words(self) -> bool:
        """Whether the checker decides it; else records do (``lookup``), or a model doubts."""
        return self.lookup is None and self.judge is None

    @model_validator(mode="after")
    def _consistent(self) -> RuleModel:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to 早于 effective_from")
        matchers = (self.terms, self.patterns, self.requires, self.claims, self.grounding)
        ways = (any(matchers), self.lookup is not None, self.judge is not None)
        if sum(ways) != 1:
            names = "terms、patterns、requires、claims、grounding"
            raise ValueError(f"规则须有 {names} 之一，或者只有 lookup，或者只有 judge")
        expected = LookupCase if self.lookup else (str, TextCase)
        for case in (*self.cases.fail, *self.cases.pass_):
            if not isinstance(case, expected):
                raise ValueError("lookup 规则的用例写 given，其他规则的用例写文字或 text")
        strong = not self.verdict.allows_use
        if self.judge and (strong or self.severity is Severity.BLOCK):
            raise ValueError("judge 规则只能提示：severity 写 warn，verdict 写 review 或 pass")
        if (strong and self.severity is Severity.INFO) or (
            self.verdict is Verdict.PASS and self.severity is not Severity.INFO
        ):
            raise ValueError(f"severity {self.severity} 与 verdict {self.verdict} 矛盾")
        return self


class RoleWords(Closed):
    """Words around a figure → the fact roles it may then state."""

    before: dict[RoleWord, list[str]]
    after: dict[RoleWord, list[str]]


class CuesModel(Closed):
    """Cue words (see `copilot.compliance.clauses.Cues`)."""

    negator: list[str]
    mask: list[str]
    denied_after: list[str]
    warning: list[str]
    warned_after: list[str]
    education: list[str]
    own: list[str]
    question: list[str]
    condition: list[str]
    mention: list[str] = []
    report: list[str] = []
    exposition: list[str] = []
    address: list[str] = []
    asks: list[str] = []
    lures: list[str] = []


class GrammarModel(Closed):
    """Where clauses end (see `copilot.compliance.clauses.Grammar`): characters and words only."""

    ends: str = Field(min_length=1)
    ends_unless_digit: str = ""
    ends_before_space: str = ""
    pauses: str
    pause_words: list[str] = []
    opening: str
    closing: str
    carried: list[str] = Field(min_length=1)
    reach: int = Field(gt=0, le=200)
    double_reach: int = Field(gt=0, le=50)
    marks: str


class FigurePattern(Closed):
    """One way of writing a figure, as an RE2 pattern with the groups n, scale or a date's."""

    kind: Literal["rate", "amount", "term", "months", "periods", "date", "count", "time"]
    regex: str = Field(min_length=1)
    factor: float = 1


class FiguresModel(Closed):
    """The figures of a Latin language (see `copilot.compliance.latin.LatinFigures`)."""

    patterns: list[FigurePattern]
    scales: dict[str, float]
    months: list[str] = Field(min_length=12, max_length=12)
    ordinary: str = Field(min_length=1)


class LanguageModel(Closed):
    """The shared data of one language: look-alikes, split characters, guarded words, cues."""

    script: Literal["han", "latin"]
    alike: dict[str, str]
    split: dict[str, str] = {}
    guarded: list[str] = []
    everyday: str = ""
    ordinary: list[str] = []
    cues: CuesModel
    grammar: GrammarModel
    figures: FiguresModel | None = None
    roles: RoleWords

    @model_validator(mode="after")
    def _figures_of_letters(self) -> LanguageModel:
        if (self.script == "latin") == (self.figures is None):
            raise ValueError("figures 只用于、也必须用于 script: latin")
        return self
