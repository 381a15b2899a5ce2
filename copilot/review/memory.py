"""Reviews kept in memory: for tests, and for trying out an approvals file."""

from __future__ import annotations

from copilot.records.template import Review


class InMemoryApprovals:
    """An `ApprovalStore` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._reviews: dict[tuple[str, int], Review] = {}

    def review_of(self, template_id: str, version: int) -> Review | None:
        """The review of one template version."""
        return self._reviews.get((template_id, version))

    def reviews_of(self, template_id: str) -> list[Review]:
        """The reviews of all versions of a template, by version."""
        own = [review for key, review in self._reviews.items() if key[0] == template_id]
        return sorted(own, key=lambda review: review.version)

    def save_review(self, review: Review) -> None:
        """Keep a review, replacing its earlier state."""
        self._reviews[review.template_id, review.version] = review

    def numbers(self) -> frozenset[str]:
        """Every approval number issued so far."""
        return frozenset(r.approval.number for r in self._reviews.values() if r.approval)
