"""The checks over records that a ``lookup`` rule names, each a function of `copilot.matching`."""

from __future__ import annotations

from enum import StrEnum


class GateCheck(StrEnum):
    """What the gate decides from records before a word is drafted."""

    SELLER_LICENCE = "seller_licence"
    SELLER_ROLE = "seller_role"
    PRODUCT_ON_SALE = "product_on_sale"
    PRODUCT_CHANNEL = "product_channel"
    PRODUCT_BRANCH = "product_branch"
    PRODUCT_TIER = "product_tier"
    AGENCY_AUTHORISED = "agency_authorised"
    PRIVATE_PUBLIC = "private_public"
    QUALIFIED_INVESTOR = "qualified_investor"
    RISK_ASSESSMENT_PRESENT = "risk_assessment_present"
    RISK_ASSESSMENT_VALID = "risk_assessment_valid"
    RISK_ABOVE_TOLERANCE = "risk_above_tolerance"
    ELDER_HIGH_RISK = "elder_high_risk"
    ELDER_CARE = "elder_care"
    INSURANCE_ELDER_RECORDING = "insurance_elder_recording"
    AMOUNT_PROPORTION = "amount_proportion"
    MINOR = "minor"
    CONSENT_MARKETING = "consent_marketing"
    PROFILING_OPT_OUT = "profiling_opt_out"
    CONTACT_INTERVAL = "contact_interval"
    CONTACT_REFUSAL = "contact_refusal"
    OPEN_COMPLAINT = "open_complaint"
    FRAUD_FIRST = "fraud_first"
    SERVE_FIRST = "serve_first"
    STABLE_INCOME = "stable_income"
    CREDIT_NEEDED = "credit_needed"
    CONCENTRATION = "concentration"
    PENSION_DRAWN = "pension_drawn"
    FOREIGN_NEED = "foreign_need"
    DORMANT_FIRST = "dormant_first"
