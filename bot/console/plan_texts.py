"""What agents read on the page of a paused plan. Debtors never read these."""

from __future__ import annotations

ES = {
    "plan_paused": "Plan en pausa",
    "plan_paused_more": "Se pausó porque quedaron cuotas sin pagar.",
    "plan_open": "Ver el plan y reanudarlo",
    "plan_number": "Plan {number}",
    "plan_running": "Este plan no está en pausa: no hay nada que reanudar.",
    "plan_as_it_is": "Lo que falta por pagar",
    "plan_due": "Fecha",
    "plan_amount": "Importe",
    "plan_left": "Falta en total",
    "plan_resume_title": "Reanudar el plan",
    "plan_resume_hint": "Acuerda antes la fecha con la persona. Lo que falta se reparte desde ese día, "
    "con el mismo ritmo.",
    "plan_first": "Primer pago",
    "plan_preview": "Ver cómo queda",
    "plan_preview_title": "Así quedaría",
    "plan_preview_hint": "Todavía no se ha cambiado nada. Al confirmar, la persona recibe las fechas "
    "y el acuerdo nuevo; el anterior deja de valer.",
    "plan_confirm": "Confirmar estas fechas",
    "plan_date_past": "El primer pago tiene que ser desde mañana.",
    "plan_date_far": "Esa fecha pasa de tu autoridad: puede ser hasta el {latest}.",
    "plan_date_closed": "Ese día no puede vencer un pago de esta empresa. Elige otro.",
    "plan_changed": "El plan ha cambiado mientras lo mirabas. Revisa las fechas y confirma otra vez.",
    "plan_not_paused": "El plan ya no está en pausa: no se ha cambiado nada.",
    "notice_plan_resumed": "El plan está otra vez en marcha.",
}

PT = {
    "plan_paused": "Plano em pausa",
    "plan_paused_more": "Foi pausado porque ficaram parcelas sem pagar.",
    "plan_open": "Ver o plano e retomá-lo",
    "plan_number": "Plano {number}",
    "plan_running": "Este plano não está em pausa: não há nada a retomar.",
    "plan_as_it_is": "O que falta pagar",
    "plan_due": "Data",
    "plan_amount": "Valor",
    "plan_left": "Falta no total",
    "plan_resume_title": "Retomar o plano",
    "plan_resume_hint": "Combine antes a data com a pessoa. O que falta é distribuído a partir desse "
    "dia, no mesmo ritmo.",
    "plan_first": "Primeiro pagamento",
    "plan_preview": "Ver como fica",
    "plan_preview_title": "Ficaria assim",
    "plan_preview_hint": "Nada mudou ainda. Ao confirmar, a pessoa recebe as datas e o acordo novo; o "
    "anterior deixa de valer.",
    "plan_confirm": "Confirmar estas datas",
    "plan_date_past": "O primeiro pagamento tem que ser a partir de amanhã.",
    "plan_date_far": "Essa data passa da sua autoridade: pode ser até {latest}.",
    "plan_date_closed": "Nesse dia não pode vencer um pagamento desta empresa. Escolha outro.",
    "plan_changed": "O plano mudou enquanto você olhava. Confira as datas e confirme de novo.",
    "plan_not_paused": "O plano não está mais em pausa: nada foi mudado.",
    "notice_plan_resumed": "O plano está de novo em andamento.",
}

EN = {
    "plan_paused": "Paused plan",
    "plan_paused_more": "It was paused over instalments that were not paid.",
    "plan_open": "See the plan and resume it",
    "plan_number": "Plan {number}",
    "plan_running": "This plan is not paused: there is nothing to resume.",
    "plan_as_it_is": "What is left to pay",
    "plan_due": "Date",
    "plan_amount": "Amount",
    "plan_left": "Left in all",
    "plan_resume_title": "Resume the plan",
    "plan_resume_hint": "Agree the date with the person first. What is left is spread from that day on, "
    "in the same rhythm.",
    "plan_first": "First payment",
    "plan_preview": "See how it would be",
    "plan_preview_title": "It would be",
    "plan_preview_hint": "Nothing has changed yet. Once you confirm, the person gets the dates and the "
    "new agreement; the old one counts no more.",
    "plan_confirm": "Confirm these dates",
    "plan_date_past": "The first payment has to be tomorrow or later.",
    "plan_date_far": "That date is beyond your authority: {latest} at the latest.",
    "plan_date_closed": "No payment to this company may fall due on that day. Choose another.",
    "plan_changed": "The plan changed while you looked. Check the dates and confirm again.",
    "plan_not_paused": "The plan is no longer paused: nothing was changed.",
    "notice_plan_resumed": "The plan goes on.",
}
