"""The page «Deliveries»: what did not reach people, what was not understood, and once more."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from bot.console import pages
from bot.console.case_desk import friendly
from bot.console.delivery_view import delivery_page, visible_delivery
from bot.console.rules import may_see_books, may_see_deliveries
from bot.console.web import Context, Problem
from bot.conversations import deliveries
from bot.conversations.models import InboundEvent, InboundState
from bot.debtors.events import log_event
from bot.handoff.accounts import SignedIn
from bot.handoff.models import Agent

_NOTICES = ("resent", "retried")


class DeliveryDesk:
    """For supervisors; webhooks belong to no creditor, so only for whoever looks after them all."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def show(self, request: Request, done: str = "") -> Response:
        """The outbox by channel, what failed and why, what nobody understood."""
        return self._page(request, done=done)

    def resend(
        self, request: Request, delivery_id: int, csrf: Annotated[str, Form()] = ""
    ) -> Response:
        """Queue a message again; pressing twice queues it once."""
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request, csrf)
            with friendly():
                conversation = visible_delivery(session, known.agent, delivery_id)
            refused = conversation.opted_out_at is not None
            now = self.context.clock.now()
            if deliveries.resend(session, delivery_id, now=now):
                log_event(
                    session,
                    "delivery.resent",
                    at=now,
                    actor=f"agent:{known.agent.id}",
                    creditor_id=conversation.creditor_id,
                    conversation_id=conversation.id,
                    delivery=delivery_id,
                )
        if refused:
            return self._page(request, error="deliveries_opted_out")
        if conversation.id:
            self.context.changed(conversation.id)
        return RedirectResponse("/console/deliveries?done=resent", status_code=303)

    def retry(self, request: Request, event_id: int, csrf: Annotated[str, Form()] = "") -> Response:
        """Have a webhook read once more, after what could not read it was mended."""
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request, csrf)
            self._unreadable(session, known.agent, event_id, states=tuple(InboundState))
            now = self.context.clock.now()
            if deliveries.retry_event(session, event_id, now=now):
                _note(session, "webhook.retried", known.agent, event_id, self.context)
        return RedirectResponse("/console/deliveries?done=retried", status_code=303)

    def body(self, request: Request, event_id: int) -> Response:
        """A webhook as it came, to be saved and never shown; who took it is written down first."""
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request)
            event = self._unreadable(session, known.agent, event_id)
            _note(session, "webhook.downloaded", known.agent, event_id, self.context)
            body = event.body
        return Response(
            body,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="webhook-{event_id}.bin"'},
        )

    def _supervisor(self, session: Session, request: Request, csrf: str | None = None) -> SignedIn:
        """Who is at the browser, if they may see this page; with `csrf`, if they meant a form."""
        if csrf is None:
            known = self.context.signed_in(session, request)
        else:
            known = self.context.acting(session, request, csrf)
        if not may_see_deliveries(role=known.agent.role.value):
            raise Problem("not_found", 404)
        return known

    @staticmethod
    def _unreadable(
        session: Session,
        agent: Agent,
        event_id: int,
        states: tuple[InboundState, ...] = (InboundState.UNREADABLE,),
    ) -> InboundEvent:
        found = session.get(InboundEvent, event_id)
        if (
            not may_see_books(role=agent.role.value, creditor_id=agent.creditor_id)
            or found is None
            or found.state not in states
        ):
            raise Problem("not_found", 404)
        return found

    def _page(self, request: Request, *, done: str = "", error: str = "") -> Response:
        with self.context.database.reading() as session:
            known = self._supervisor(session, request)
            viewer = self.context.viewer(request, known)
            sees_all = may_see_books(
                role=known.agent.role.value, creditor_id=known.agent.creditor_id
            )
            return pages.page(
                "deliveries.html",
                viewer.texts,
                status=422 if error else 200,
                agent=known.agent,
                csrf=known.csrf,
                section="deliveries",
                d=delivery_page(session, viewer, webhooks=sees_all),
                notice=viewer.texts(f"notice_{done}") if done in _NOTICES else "",
                error=viewer.texts(error) if error else "",
            )


def _note(session: Session, name: str, agent: Agent, event_id: int, context: Context) -> None:
    log_event(session, name, at=context.clock.now(), actor=f"agent:{agent.id}", event=event_id)
