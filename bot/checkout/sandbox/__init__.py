"""A local counterpart that speaks like Stripe, so that the demo pays through the real code path.

It is no test double of ours that accepts anything: it keeps its own books, honours idempotency
keys, closes a page when its payments are used up (as Stripe counts them: a payment that fails later
counts too), ends sessions when their time is up, signs its webhooks and repeats them until they are
taken. It only exists where no Stripe key is set and the demo is on, and says on every page what it
is.
"""

from bot.checkout.sandbox.books import Refused, Sandbox
from bot.checkout.sandbox.pages import SandboxLink
from bot.checkout.sandbox.routes import sandbox_router
from bot.checkout.sandbox.wire import API_KEY, NAME, WEBHOOK_SECRET, sign

__all__ = [
    "API_KEY",
    "NAME",
    "WEBHOOK_SECRET",
    "Refused",
    "Sandbox",
    "SandboxLink",
    "sandbox_router",
    "sign",
]
