"""The hotline's own words, letter by letter: the service refuses every other spelling.

Source: the CyberTipline Reporting API, technical documentation and schema of November 2025. What newer
documentation adds is marked where it is used.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class IncidentType(StrEnum):
    """What the report is about. These are the statute's words, which the service takes verbatim."""

    CSAM = "Child Pornography (possession, manufacture, and distribution)"
    TRAFFICKING = "Child Sex Trafficking"
    TOURISM = "Child Sex Tourism"
    MOLESTATION = "Child Sexual Molestation"
    MISLEADING_DOMAIN = "Misleading Domain Name"
    MISLEADING_WORDS = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    UNSOLICITED = "Unsolicited Obscene Material Sent to a Child"


class ReportFlag(StrEnum):
    """What applies to the whole report."""

    SEXTORTION = "sextortion"
    CSAM_SOLICITATION = "csamSolicitation"
    MINOR_TO_MINOR = "minorToMinorInteraction"
    SPAM = "spam"
    SADISTIC_ONLINE_EXPLOITATION = "sadisticOnlineExploitation"
    INFORMATIONAL = "informational"
    AGGRAVATING_FACTORS = "potentialAggravatingFactors"
    INSTRUMENTAL_USE = "instrumentalUse"


NEWER_FLAGS: Final = frozenset(
    {ReportFlag.INFORMATIONAL, ReportFlag.AGGRAVATING_FACTORS, ReportFlag.INSTRUMENTAL_USE}
)
"""Known second-hand only; the schema of November 2025 refuses them."""


class FileFlag(StrEnum):
    """What applies to one file. ``generativeAi`` says *believed to be*, and rules out no real child."""

    DRAWING = "animeDrawingVirtualHentai"
    POTENTIAL_MEME = "potentialMeme"
    VIRAL = "viral"
    POSSIBLE_SELF_PRODUCTION = "possibleSelfProduction"
    PHYSICAL_HARM = "physicalHarm"
    VIOLENCE_GORE = "violenceGore"
    BESTIALITY = "bestiality"
    LIVE_STREAMING = "liveStreaming"
    INFANT = "infant"
    GENERATIVE_AI = "generativeAi"


class FileRelevance(StrEnum):
    """Whether a file is what is reported, or helps to understand it."""

    REPORTED = "Reported"
    SUPPLEMENTAL = "Supplemental Reported"


class IndustryClassification(StrEnum):
    """The industry's four categories: A prepubescent, B pubescent; 1 act, 2 exhibition."""

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"


class BatchedReason(StrEnum):
    """Why one report names many accounts."""

    VIRAL_POTENTIAL_MEME = "VIRAL_POTENTIAL_MEME"


class EventName(StrEnum):
    """What happened from an address or with a device."""

    LOGIN = "Login"
    REGISTRATION = "Registration"
    PURCHASE = "Purchase"
    UPLOAD = "Upload"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class AddressType(StrEnum):
    """What a postal address is for."""

    HOME = "Home"
    BUSINESS = "Business"
    BILLING = "Billing"
    SHIPPING = "Shipping"
    TECHNICAL = "Technical"


class PhoneType(StrEnum):
    """What a telephone number is for."""

    MOBILE = "Mobile"
    HOME = "Home"
    BUSINESS = "Business"
    WORK = "Work"
    FAX = "Fax"
    INTERNET = "Internet"
    RECOVERY = "Recovery"


class EmailType(StrEnum):
    """What an e-mail address is for."""

    HOME = "Home"
    WORK = "Work"
    BUSINESS = "Business"
    RECOVERY = "Recovery"


class AssociatedType(StrEnum):
    """How another account belongs to the one that is reported."""

    BILLING = "Billing"
    LINKED = "Linked"
    BUSINESS = "Business"
    CREATOR = "Creator"
    PARENT_OR_GUARDIAN = "Parent/Guardian"
    OTHER = "Other"


class DetailsType(StrEnum):
    """What a list of names and values was read from."""

    EXIF = "EXIF"
    HASH = "HASH"


_COUNTRIES = """
AD AE AF AG AI AL AM AN AO AP AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CX CW CY CZ DE DJ DK DM DO DZ EC EE
EG EH ER ES ET EU FI FJ FK FM FO FR FX GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK
HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB
SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW A1 A2 O1
"""
COUNTRIES: Final = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2 and what the service adds: A1 anonymous proxy, A2 satellite provider, O1 other."""

_US_STATES = """
AK AL AR AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ
NM NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY
"""
US_STATES: Final = frozenset(_US_STATES.split())
"""Postal abbreviations that the service takes."""
