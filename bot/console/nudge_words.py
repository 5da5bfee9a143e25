"""Words for the planner's codes and an experiment's verdicts, in Spanish, Portuguese and English."""

from __future__ import annotations

HELD = {
    "promise": (
        "Prometió un pago: se le espera",
        "Prometeu um pagamento: espera-se",
        "A promise is open: we wait for it",
    ),
    "plan": (
        "Está pagando un plan",
        "Está pagando um plano",
        "A plan is being paid",
    ),
    "crisis": (
        "Posible peligro: deciden las personas",
        "Possível perigo: as pessoas decidem",
        "Possible danger: people decide",
    ),
    "claim_to_verify": (
        "Dice que ya pagó: se está comprobando",
        "Diz que já pagou: está sendo verificado",
        "Says it is paid: being checked",
    ),
    "contact_preference": (
        "Pidió otra forma de contacto: se está aplicando",
        "Pediu outra forma de contato: está sendo aplicada",
        "Asked for another way of contact: being applied",
    ),
    "channel:web_no_address": (
        "No ha abierto el chat web",
        "Não abriu o chat web",
        "Has not opened the web chat",
    ),
    "channel:telegram_no_address": (
        "No ha abierto el chat de Telegram",
        "Não abriu a conversa do Telegram",
        "Has not opened the Telegram chat",
    ),
    "channel:whatsapp_no_address": (
        "No tenemos su WhatsApp",
        "Não temos o WhatsApp",
        "We have no WhatsApp number",
    ),
    "channel:email_no_address": (
        "No tenemos su correo",
        "Não temos o e-mail",
        "We have no e-mail address",
    ),
    "channel:web_off": (
        "El chat web está apagado para esta empresa",
        "O chat web está desligado para esta empresa",
        "The web chat is off for this company",
    ),
    "channel:telegram_off": (
        "Telegram no está conectado para esta empresa",
        "O Telegram não está conectado para esta empresa",
        "Telegram is not connected for this company",
    ),
    "channel:whatsapp_off": (
        "WhatsApp no está conectado para esta empresa",
        "O WhatsApp não está conectado para esta empresa",
        "WhatsApp is not connected for this company",
    ),
    "channel:email_off": (
        "El correo no está conectado para esta empresa",
        "O e-mail não está conectado para esta empresa",
        "E-mail is not connected for this company",
    ),
    "channel": (
        "No hay cómo escribirle por este canal",
        "Não há como escrever por este canal",
        "No way to write on this channel",
    ),
    "ladder:step_is_over": (
        "Su día pasa antes de la primera hora permitida",
        "O dia passa antes da primeira hora permitida",
        "Its day is over before the first lawful hour",
    ),
    "ladder": (
        "La escalera dice que todavía no",
        "A escada diz que ainda não",
        "The ladder says not yet",
    ),
    "control:paused": ("En pausa", "Em pausa", "Paused"),
    "control:stopped": ("Parado", "Parado", "Stopped"),
    "experiment:hold_out": (
        "Está en el grupo que no recibe nada",
        "Está no grupo que não recebe nada",
        "In the group that gets nothing",
    ),
    "approval:refused": (
        "Alguien lo devolvió",
        "Alguém devolveu",
        "Somebody sent it back",
    ),
}
"""Why somebody is not written to, where `delivery_texts.WHY_NOT` has no words or other ones."""

VERDICTS = {
    "verdict_wait": (
        "Todavía no se puede decir",
        "Ainda não se pode dizer",
        "Too early to say",
    ),
    "verdict_better": (
        "Con este texto pagan más",
        "Com este texto pagam mais",
        "More people pay with these words",
    ),
    "verdict_worse": (
        "Con este texto pagan menos",
        "Com este texto pagam menos",
        "Fewer people pay with these words",
    ),
    "verdict_harms": (
        "Hace daño: demasiadas bajas o quejas. No debe seguir",
        "Faz mal: muitos pedidos de parar ou reclamações. Não deve continuar",
        "It does harm: too many opt-outs or complaints. It must not go on",
    ),
}
"""What an experiment says of a wording."""
