"""The workbench: an opened installation with everything a pipeline needs, for one principal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from copilot.records.codes import Audience
from copilot.records.generation import Generation
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from copilot.compliance import Checker
    from copilot.compliance.live import LiveChecker
    from copilot.knowledge.search import SearchResult
    from copilot.llm.wire import Wire
    from copilot.records.compliance import LookupRule
    from copilot.records.customer import Customer
    from copilot.records.knowledge import SearchQuery
    from copilot.records.matching import CustomerFile
    from copilot.records.product import Product
    from copilot.records.profile import Profile
    from copilot.records.staff import Seller, Staff
    from copilot.records.template import Review, Script, Template


class Workbench:
    """What the pipelines work on. Heavy parts are opened when first used.

    Args:
        settings: the installation's settings.
        store: the opened store.
        principal: who asks.
        as_of: the date that every decision is taken for.
        staff_id: the seller named by the caller, if any.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        principal: Principal,
        as_of: date,
        staff_id: str | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.principal = principal
        self.as_of = as_of
        self.staff_id = staff_id
        self._reviewed: tuple[int, Sequence[Template], Sequence[Review]] | None = None
        self._scripts: dict[frozenset[str], Sequence[Script]] = {}
        self._digested: tuple[Sequence[Script], str] | None = None

    @classmethod
    def open(
        cls, settings: Settings, *, staff_id: str | None = None, as_of: date | None = None
    ) -> Workbench:
        """Opens the store for a member of staff, or for the bank's own console.

        ``as_of`` defaults to the configured business date, then to that of the loaded data.

        Raises:
            StateError: nothing has been loaded yet.
            NotFound, StateError: no such staff id, or they have left.
        """
        store = Store.open(settings)
        generation = store.facts.current()
        day = as_of or settings.business_date or generation.business_date
        principal = Principal.operator()
        if staff_id is not None:
            principal = Principal.of(store.staff(principal).active(staff_id, day))
        return cls(settings, store, principal, day, staff_id)

    def seen_by(
        self, principal: Principal, staff_id: str | None, as_of: date, wire: Wire | None
    ) -> Workbench:
        """The same installation for another person and day, ``wire`` in the model's place.

        It shares this one's store: close only this one.
        """
        other = Workbench(self.settings, self.store, principal, as_of, staff_id)
        other.wire = wire
        other.live_checker = self.live_checker
        return other

    def close(self) -> None:
        """Releases what was opened."""
        wire = self.__dict__.get("wire")
        if wire is not None:
            wire.close()
        self.store.close()

    @cached_property
    def generation(self) -> Generation:
        """The tables in use."""
        return self.store.facts.current()

    @property
    def checker(self) -> Checker:
        """The compliance checker with the rule pack in force at this moment."""
        return self.live_checker.current()

    @cached_property
    def live_checker(self) -> LiveChecker:
        """Takes up an activated pack without a restart."""
        from copilot.compliance.live import LiveChecker

        return LiveChecker(self.settings.data_dir, self.settings.knowledge_dir)

    @cached_property
    def lookup_rules(self) -> Sequence[LookupRule]:
        """The rules that records decide, as of the date."""
        return self.checker.lookup_rules(self.as_of)

    @cached_property
    def shelf(self) -> Sequence[Product]:
        """Every product with a valid version on the date."""
        return self.store.products(self.principal).valid(self.as_of)

    @property
    def templates(self) -> Sequence[Template]:
        """Every kept template version, as of this moment."""
        return self._approvals()[0]

    @property
    def reviews(self) -> Sequence[Review]:
        """The reviews of the templates, as of this moment: a text stopped now is stopped here."""
        return self._approvals()[1]

    def _approvals(self) -> tuple[Sequence[Template], Sequence[Review]]:
        with self.store.read() as connection:
            repository = self.store.approvals(connection)
            revision = repository.revision()
            if self._reviewed is None or self._reviewed[0] != revision:
                self._reviewed = revision, repository.templates(), repository.reviews()
            return self._reviewed[1:]

    @property
    def scripts(self) -> Sequence[Script]:
        """The approved moves that internal talking points are joined from.

        A file whose document grants keep from the principal is left out, from the next call on.
        """
        withheld = self.store.knowledge(self.principal).withheld(Audience.INTERNAL)
        if withheld not in self._scripts:
            self._scripts = {withheld: self._scripts_without(withheld)}
        return self._scripts[withheld]

    @property
    def scripts_digest(self) -> str:
        """A digest of these scripts, for the evidence of what is joined from them."""
        scripts = self.scripts
        if self._digested is None or self._digested[0] is not scripts:
            self._digested = scripts, hashlib.sha256(repr(scripts).encode()).hexdigest()[:16]
        return self._digested[1]

    def _scripts_without(self, withheld: frozenset[str]) -> Sequence[Script]:
        from copilot.drafting.template_files import load_scripts

        folder = self.settings.knowledge_dir / "scripts"
        names = {document.removeprefix("script/") for document in withheld}
        return load_scripts(folder, names) if folder.is_dir() else ()

    @cached_property
    def wire(self) -> Wire | None:
        """The connections to the configured model, if there is one."""
        from copilot.llm.door import open_wire

        return open_wire(self.settings, self.store.model_usage)

    @property
    def required_wire(self) -> Wire:
        """The connections to the configured model; error `StateError` when there is none."""
        from copilot.llm.door import required

        return required(self.wire)

    def product(self, product_code: str) -> Product:
        """The version of a product valid on the date."""
        return self.store.products(self.principal).get(product_code, self.as_of)

    def customer(self, customer_id: str) -> Customer:
        """One customer in scope."""
        return self.store.customers(self.principal).get(customer_id)

    def profile(self, customer_id: str) -> Profile:
        """The customer's profile as of the date, worded as the principal may see it.

        Its features are whole: decisions rest on them.
        """
        from copilot.profiles import discreet, read_profile

        profile = read_profile(self.store, self.principal, customer_id, self.as_of, self.settings)
        return profile if self.principal.sees_amounts else discreet(profile)

    def shown_profile(self, customer_id: str) -> Profile:
        """The profile for the principal's screen: no amounts at all where others look on."""
        from copilot.profiles import without_amounts

        profile = self.profile(customer_id)
        return profile if self.principal.sees_amounts else without_amounts(profile)

    def customer_file(self, customer_id: str) -> CustomerFile:
        """Everything the gate needs to know of the customer, profile and own words included."""
        from copilot.pipeline.feedback import feedback_of

        file = self.store.customers(self.principal).file(customer_id, self.as_of)
        profile = self.profile(customer_id)
        return replace(file, profile=profile, feedback=feedback_of(self, file, profile))

    def staff(self, staff_id: str) -> Staff:
        """A member of staff who works here on the date; errors `NotFound`, `StateError`."""
        return self.store.staff(self.principal).active(staff_id, self.as_of)

    def seller(self, staff_id: str) -> Seller:
        """A member of staff with their licences."""
        return self.store.staff(self.principal).seller(staff_id)

    def search(self, query: SearchQuery) -> SearchResult:
        """Passages of the knowledge base for the principal."""
        from copilot.pipeline.product_search import search_with_records

        return search_with_records(query, self, self.settings)
