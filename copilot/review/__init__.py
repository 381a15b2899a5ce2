"""Review: who may approve a text, in which order, and how long the approval holds."""

from copilot.review.desk import ApprovalStore, Present, ReviewDesk, Standing, Submission
from copilot.review.memory import InMemoryApprovals
from copilot.review.replay import ReplayReport, replay_approvals

__all__ = [
    "ApprovalStore",
    "InMemoryApprovals",
    "Present",
    "ReplayReport",
    "ReviewDesk",
    "Standing",
    "Submission",
    "replay_approvals",
]
