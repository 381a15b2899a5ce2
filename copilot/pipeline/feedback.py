"""What customers' own words say, for the gate, the call list and the profile.

interactions, complaints ─┐
a walk-in's description ──┴─▶ read ──▶ serve first? satisfaction, loyalty, rows
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from copilot.records.codes import ConsentPurpose, Intent, Mood, label
from copilot.records.customer import Consent, latest_word
from copilot.records.feedback import CustomerFeedback
from copilot.records.matching import CustomerFile

if TYPE_CHECKING:
    from datetime import date

    from copilot.pipeline.workbench import Workbench
    from copilot.records.feedback import TextReading
    from copilot.records.profile import Profile


#: How sure the reading of a description must be before it stops a pitch.
SURE_OF_COMPLAINT, SURE_OF_ANGER = 0.9, 0.8


def feedback_of(bench: Workbench, file: CustomerFile, profile: Profile | None) -> CustomerFeedback:
    """A customer's recent words and what they add up to.

    Who refused profiling gets no indicators; that someone angry is served first is kept.
    """
    from copilot.profiles.feedback import customer_feedback, load_reader, read_thresholds

    folder = bench.settings.knowledge_dir
    said = customer_feedback(
        load_reader(folder),
        read_thresholds(folder),
        bench.as_of,
        file.interactions,
        file.complaints,
        profile,
    )
    if refuses_profiling(file.consents, file.as_of):
        return CustomerFeedback(serve_first_because=said.serve_first_because)
    return said


def feedback_of_description(bench: Workbench, description: str) -> CustomerFeedback | None:
    """What the description of a walk-in says of their mood; the description is not kept."""
    if not description.strip():
        return None
    reading = read_text(bench, description)
    if not (reading.serve_first and _plain(reading)):
        return CustomerFeedback()
    return CustomerFeedback(
        serve_first_because=f"描述中{reading.concern}（{label(reading.topic)}）"
    )


def _plain(reading: TextReading) -> bool:
    """Whether a few words about a walk-in leave no doubt: nobody is turned away on a guess."""
    _, intent, mood = reading.chances or (1.0, 1.0, 1.0)
    complains = reading.intent is Intent.COMPLAIN and intent >= SURE_OF_COMPLAINT
    return complains or (reading.mood is Mood.ANGRY and mood >= SURE_OF_ANGER)


def read_text(bench: Workbench, text: str) -> TextReading:
    """Topic, intent and mood of one text."""
    from copilot.profiles.feedback import load_reader

    return load_reader(bench.settings.knowledge_dir).read(text)


def read_text_with_model(bench: Workbench, text: str) -> TextReading:
    """The configured model's answers beside the words that the word list found.

    Raises:
        StateError: no model is configured.
        ModelUnavailable: it failed, or its reply has not the shape.
    """
    from copilot.llm.readings import read_with_model

    reply = read_with_model(bench.required_wire, bench.settings.prompts_dir, text)
    said, own = reply.value, read_text(bench, text)
    return replace(
        own,
        topic=said.topic,
        intent=said.intent,
        mood=said.mood,
        chances=None,
        serve_first_chance=None,
        suspected=False,
        by=reply.model,
    )


def served_first(bench: Workbench, customer_ids: Iterable[str]) -> dict[str, str]:
    """Those of some customers who must be served before anything is offered, and why."""
    from copilot.profiles.feedback import customer_feedback, load_reader, read_thresholds

    folder = bench.settings.knowledge_dir
    thresholds = read_thresholds(folder)
    since = datetime.combine(bench.as_of - timedelta(thresholds.recent_days - 1), time.min)
    until = datetime.combine(bench.as_of, time.max)
    spoken = bench.store.customers(bench.principal).spoken(customer_ids, since, until)
    if not spoken:
        return {}
    reader = load_reader(folder)
    found = {}
    for customer_id, interactions in spoken.items():
        said = customer_feedback(reader, thresholds, bench.as_of, interactions)
        if said.serve_first:
            found[customer_id] = said.serve_first_because
    return found


def refuses_profiling(consents: Iterable[Consent], as_of: date) -> bool:
    """Whether the latest word on profiling up to a date is a no."""
    latest = latest_word(consents, ConsentPurpose.PROFILING, as_of)
    return latest is not None and not latest.granted
