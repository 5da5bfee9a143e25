"""Every table in one place, for the migrations and for whoever needs the whole schema."""

from bot.arrangements import models as arrangements
from bot.cases import models as cases
from bot.conversations import models as conversations
from bot.debtors import models as debtors
from bot.debts import models as debts
from bot.handoff import models as handoff
from bot.media import models as media
from bot.nudges import habit_models as habits
from bot.nudges import models as nudges
from bot.nudges import plan_models as nudge_plans
from bot.papers import models as papers
from bot.payments import models as payments
from bot.platforms import models as platforms

__all__ = [
    "arrangements",
    "cases",
    "conversations",
    "debtors",
    "debts",
    "habits",
    "handoff",
    "media",
    "nudge_plans",
    "nudges",
    "papers",
    "payments",
    "platforms",
]
