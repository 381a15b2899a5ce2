"""Review: who may approve a text, in which order, and how long the approval holds."""

from copilot.review.desk import ApprovalStore, ReviewDesk, Submission
from copilot.review.memory import InMemoryApprovals
from copilot.review.policy import ReviewPolicy
from copilot.review.replay import ReplayReport, replay_approvals
from copilot.review.standing import Present, Standing

__all__ = [
    "ApprovalStore",
    "InMemoryApprovals",
    "Present",
    "ReplayReport",
    "ReviewDesk",
    "ReviewPolicy",
    "Standing",
    "Submission",
    "replay_approvals",
]
