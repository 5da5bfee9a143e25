"""What agents read on the console, in their browser's language. Debtors never read these."""

from __future__ import annotations

from collections.abc import Mapping

from bot.console import case_texts, delivery_texts, nudge_texts, plan_texts, word_texts

LANGUAGES = ("es", "pt", "en")
REFERENCE = "es"


class UnknownText(KeyError):
    """A page asked for a text that no language has."""


def language_of(accept_language: str) -> str:
    """The language of ours that a browser likes best; Spanish where it likes none of them."""
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        code, weight = tag.strip().lower().partition("-")[0], _weight(parameter)
        if code in LANGUAGES and weight > 0:
            liked.append((-weight, place, code))
    return min(liked)[2] if liked else REFERENCE


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


class Texts:
    """The console's words in one language: `texts("take")`, `texts("hello", name="Ana")`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else REFERENCE
        self._words: Mapping[str, str] = _ALL[self.language]

    def __call__(self, key: str, **values: object) -> str:
        """The text called `key`, with `values` put in.

        Raises:
            UnknownText: there is none.
        """
        try:
            text = self._words[key]
        except KeyError:
            raise UnknownText(key) from None
        return text.format(**values) if values else text

    def count(self, key: str, number: int) -> str:
        """`key_one` or `key_other`, by `number`."""
        return self(f"{key}_one" if number == 1 else f"{key}_other", count=number)

    def duration(self, seconds: float) -> str:
        """How long, in the two largest units that say something: "12 min", "1 h 05 min"."""
        minutes = max(int(seconds), 0) // 60
        if minutes < 1:
            return self("less_than_a_minute")
        if minutes < 60:
            return f"{minutes} min"
        hours, minutes = divmod(minutes, 60)
        if hours < 24:
            return f"{hours} h {minutes:02d} min"
        days, hours = divmod(hours, 24)
        return f"{days} d {hours} h"


_ES = {
    "console": "Consola",
    "tagline": "Las personas que el bot te confía.",
    "skip": "Ir al contenido",
    # sign-in
    "sign_in": "Entrar",
    "sign_in_title": "Entrar en la consola",
    "email": "Correo",
    "password": "Contraseña",
    "sign_in_failed": "El correo o la contraseña no son correctos.",
    "sign_in_blocked": "Demasiados intentos. Prueba de nuevo dentro de {wait}.",
    "sign_in_stale": "La página llevaba demasiado tiempo abierta. Prueba otra vez.",
    "sign_in_help": "¿No puedes entrar? Quien administra Acuerdo puede crear o reactivar tu cuenta.",
    "sign_out": "Salir",
    "signed_out": "Has salido de la consola.",
    "role_agent": "Agente",
    "role_supervisor": "Supervisión",
    "role_admin": "Administración",
    # queue
    "tab_queue": "En espera",
    "tab_mine": "Mías",
    "tab_bot": "Con el bot",
    "tabs": "Listas de conversaciones",
    "queue_title": "Conversaciones",
    "waiting_one": "{count} persona espera respuesta",
    "waiting_other": "{count} personas esperan respuesta",
    "waiting_none": "Nadie espera respuesta",
    "empty_queue": "Nadie espera a una persona",
    "empty_queue_more": "Cuando el bot entregue una conversación aparecerá aquí, sin recargar.",
    "empty_mine": "No tienes conversaciones",
    "empty_mine_more": "Toma una de la lista «En espera» y quedará aquí hasta que la devuelvas.",
    "empty_bot": "El bot no tiene conversaciones",
    "empty_bot_more": "Aquí verás las que atiende el bot, la más reciente primero.",
    "shown_first": "Se muestran las primeras {count}.",
    "waits": "Espera",
    "answered": "Al día",
    "their_turn": "Le toca a la otra persona",
    "unanswered_one": "{count} sin responder",
    "unanswered_other": "{count} sin responder",
    "nobody_has_it": "Sin tomar",
    "you_have_it": "La tienes tú",
    "has_it": "La tiene {name}",
    "bot_has_it": "La atiende el bot",
    "crisis": "Crisis",
    "last_from_debtor": "Escribió",
    "last_from_bot": "Bot",
    "last_from_person": "Equipo",
    "last_from_system": "Aviso",
    "no_messages": "Sin mensajes todavía",
    "last_activity": "Última actividad hace {wait}",
    "less_than_a_minute": "menos de 1 min",
    # conversation
    "back": "Conversaciones",
    "conversation": "Conversación {id}",
    "debtor": "Persona",
    "unverified_name": "Persona sin verificar",
    "identity": "Identidad",
    "level_0": "Identidad: desconocida",
    "level_1": "Identidad: canal reconocido",
    "level_2": "Identidad: verificada",
    "unverified_warning": "No sabemos con certeza quién escribe. No confirmes que existe una cuenta "
    "ni hables de importes, productos o fechas.",
    "identity_locked": "La verificación está bloqueada hasta las {at}.",
    "opted_out": "Pidió que no le escribamos sin que lo pida. Responderle aquí sí es posible.",
    "reason": "Motivo",
    "handed_over": "Entregada",
    "summary": "Resumen",
    "no_summary": "El bot no dejó resumen.",
    "facts": "Datos de la conversación",
    "creditor": "Empresa",
    "language": "Idioma",
    "channel": "Canal",
    "held_by": "Quién la tiene",
    "transcript": "Mensajes",
    "earlier": "Ver los mensajes anteriores",
    "from_debtor": "Persona",
    "from_bot": "Bot",
    "from_person": "Equipo",
    "from_system": "Aviso",
    "options_shown": "Opciones que vio",
    "pressed": "pulsó un botón",
    "state_received": "Recibido",
    "state_handled": "Recibido",
    "state_queued": "En cola",
    "state_sent": "Enviado",
    "state_delivered": "Entregado",
    "state_read": "Leído",
    "state_failed": "No se pudo entregar",
    "take": "Tomar",
    "take_from": "Tomar de {name}",
    "take_hint": "Al tomarla, la persona recibe el aviso de que ya la atiende alguien.",
    "take_bot_hint": "El bot callará hasta que devuelvas la conversación.",
    "other_has_it": "{name} atiende esta conversación. Para escribir, tómala primero.",
    "reply": "Respuesta",
    "reply_placeholder": "Escribe tu respuesta…",
    "send": "Enviar",
    "sending": "Enviando…",
    "send_hint": "Ctrl + Intro envía",
    "characters": "{count} de 4000",
    "reply_empty": "Escribe algo antes de enviar.",
    "reply_too_long": "La respuesta pasa de 4000 caracteres. Acórtala o envíala en dos partes.",
    "reply_not_sent": "No se pudo enviar. Tu texto sigue aquí: prueba otra vez.",
    "reply_nonce": "Ese envío ya se hizo con otro texto. Recarga la página antes de seguir.",
    "session_over": "Tu sesión terminó. Copia tu texto y entra otra vez.",
    "return": "Devolver al bot",
    "return_title": "¿Devolver la conversación al bot?",
    "return_text": "El bot avisará a la persona y volverá a responderle. Lo que acordaste aquí no lo "
    "sabe: antes de devolverla, deja por escrito lo acordado en la conversación.",
    "return_crisis_text": "Esta es una conversación de crisis. El bot no vuelve a hablar hasta que "
    "una persona decide que puede hacerlo.",
    "return_crisis_check": "La persona está a salvo o en manos de quien puede ayudarla.",
    "return_crisis_needed": "Es una crisis: confirma antes que la persona está a salvo.",
    "cancel": "Cancelar",
    "clock_target": "Objetivo: {wait}",
    "clock_late": "Fuera del objetivo de {wait}",
    "changed": "Esta conversación ha cambiado de manos.",
    "gone": "Esta conversación ya no está en tus manos.",
    "reload": "Recargar",
    "offline": "Sin conexión con el servidor. Reintentando…",
    "crisis_title": "Protocolo de crisis",
    "crisis_1": "No hables de pagos, deudas ni plazos.",
    "crisis_2": "Escucha sin discutir ni juzgar. No prometas guardar secreto.",
    "crisis_3": "Pregunta si está en peligro en este momento.",
    "crisis_4": "Si hay peligro inmediato, indica el número de emergencias y avisa a tu supervisión.",
    "crisis_lines": "Líneas de ayuda",
    "emergency": "Emergencias",
    "crisis_no_lines": "No hay líneas verificadas para este país: indica el número local de "
    "emergencias.",
    # notices
    "notice_taken": "Has tomado la conversación.",
    "notice_replied": "Respuesta enviada.",
    "notice_returned": "La conversación vuelve a estar con el bot.",
    # problems
    "problem_title": "No se pudo hacer",
    "problem_not_found": "No encontramos esa página",
    "problem_not_found_more": "Puede que la conversación haya vuelto al bot o que no sea de tu equipo.",
    "problem_csrf": "No pudimos comprobar que la petición venía de tu consola",
    "problem_csrf_more": "No se ha cambiado nada. Vuelve a abrir la página y repite lo que hacías.",
    "problem_not_in_hand": "La conversación está con el bot",
    "problem_not_in_hand_more": "Tómala antes de escribir en ella o de devolverla.",
    "problem_held": "La conversación la tiene otra persona",
    "problem_held_more": "Tómala primero, o deja que siga quien la tiene.",
    "problem_bad_request": "No entendimos la petición",
    "problem_bad_request_more": "Vuelve a la consola y prueba otra vez.",
    "problem_too_large": "La petición es demasiado grande",
    "problem_too_large_more": "Una respuesta puede tener 4000 caracteres.",
    "problem_broken": "Algo falló por nuestra parte",
    "problem_broken_more": "Ha quedado registrado. Prueba de nuevo dentro de un momento.",
    "problem_back": "Volver a la consola",
}

_PT = {
    "console": "Console",
    "tagline": "As pessoas que o bot confia a você.",
    "skip": "Ir para o conteúdo",
    "sign_in": "Entrar",
    "sign_in_title": "Entrar no console",
    "email": "E-mail",
    "password": "Senha",
    "sign_in_failed": "O e-mail ou a senha não estão corretos.",
    "sign_in_blocked": "Tentativas demais. Tente de novo em {wait}.",
    "sign_in_stale": "A página ficou aberta tempo demais. Tente outra vez.",
    "sign_in_help": "Não consegue entrar? Quem administra o Acuerdo pode criar ou reativar sua conta.",
    "sign_out": "Sair",
    "signed_out": "Você saiu do console.",
    "role_agent": "Agente",
    "role_supervisor": "Supervisão",
    "role_admin": "Administração",
    "tab_queue": "Em espera",
    "tab_mine": "Minhas",
    "tab_bot": "Com o bot",
    "tabs": "Listas de conversas",
    "queue_title": "Conversas",
    "waiting_one": "{count} pessoa espera resposta",
    "waiting_other": "{count} pessoas esperam resposta",
    "waiting_none": "Ninguém espera resposta",
    "empty_queue": "Ninguém espera por uma pessoa",
    "empty_queue_more": "Quando o bot entregar uma conversa, ela aparece aqui sem recarregar.",
    "empty_mine": "Você não tem conversas",
    "empty_mine_more": "Assuma uma da lista “Em espera” e ela fica aqui até você devolvê-la.",
    "empty_bot": "O bot não tem conversas",
    "empty_bot_more": "Aqui aparecem as que o bot atende, a mais recente primeiro.",
    "shown_first": "Mostrando as primeiras {count}.",
    "waits": "Espera",
    "answered": "Em dia",
    "their_turn": "É a vez da outra pessoa",
    "unanswered_one": "{count} sem resposta",
    "unanswered_other": "{count} sem resposta",
    "nobody_has_it": "Ninguém assumiu",
    "you_have_it": "Está com você",
    "has_it": "Está com {name}",
    "bot_has_it": "O bot está atendendo",
    "crisis": "Crise",
    "last_from_debtor": "Escreveu",
    "last_from_bot": "Bot",
    "last_from_person": "Equipe",
    "last_from_system": "Aviso",
    "no_messages": "Ainda sem mensagens",
    "last_activity": "Última atividade há {wait}",
    "less_than_a_minute": "menos de 1 min",
    "back": "Conversas",
    "conversation": "Conversa {id}",
    "debtor": "Pessoa",
    "unverified_name": "Pessoa não verificada",
    "identity": "Identidade",
    "level_0": "Identidade: desconhecida",
    "level_1": "Identidade: canal reconhecido",
    "level_2": "Identidade: verificada",
    "unverified_warning": "Não sabemos com certeza quem escreve. Não confirme que existe uma conta "
    "nem fale de valores, produtos ou datas.",
    "identity_locked": "A verificação está bloqueada até {at}.",
    "opted_out": "Pediu que não escrevamos sem ser solicitado. Responder aqui é possível.",
    "reason": "Motivo",
    "handed_over": "Entregue",
    "summary": "Resumo",
    "no_summary": "O bot não deixou resumo.",
    "facts": "Dados da conversa",
    "creditor": "Empresa",
    "language": "Idioma",
    "channel": "Canal",
    "held_by": "Com quem está",
    "transcript": "Mensagens",
    "earlier": "Ver as mensagens anteriores",
    "from_debtor": "Pessoa",
    "from_bot": "Bot",
    "from_person": "Equipe",
    "from_system": "Aviso",
    "options_shown": "Opções que viu",
    "pressed": "tocou em um botão",
    "state_received": "Recebida",
    "state_handled": "Recebida",
    "state_queued": "Na fila",
    "state_sent": "Enviada",
    "state_delivered": "Entregue",
    "state_read": "Lida",
    "state_failed": "Não foi possível entregar",
    "take": "Assumir",
    "take_from": "Assumir de {name}",
    "take_hint": "Ao assumir, a pessoa é avisada de que alguém já a atende.",
    "take_bot_hint": "O bot fica em silêncio até você devolver a conversa.",
    "other_has_it": "{name} atende esta conversa. Para escrever, assuma-a primeiro.",
    "reply": "Resposta",
    "reply_placeholder": "Escreva sua resposta…",
    "send": "Enviar",
    "sending": "Enviando…",
    "send_hint": "Ctrl + Enter envia",
    "characters": "{count} de 4000",
    "reply_empty": "Escreva algo antes de enviar.",
    "reply_too_long": "A resposta passa de 4000 caracteres. Encurte-a ou envie em duas partes.",
    "reply_not_sent": "Não foi possível enviar. Seu texto continua aqui: tente outra vez.",
    "reply_nonce": "Esse envio já foi feito com outro texto. Recarregue a página antes de seguir.",
    "session_over": "Sua sessão terminou. Copie seu texto e entre de novo.",
    "return": "Devolver ao bot",
    "return_title": "Devolver a conversa ao bot?",
    "return_text": "O bot avisa a pessoa e volta a responder. Ele não sabe o que você combinou: antes "
    "de devolver, deixe o combinado por escrito na conversa.",
    "return_crisis_text": "Esta é uma conversa de crise. O bot só volta a falar quando uma pessoa "
    "decide que pode.",
    "return_crisis_check": "A pessoa está a salvo ou com quem pode ajudá-la.",
    "return_crisis_needed": "É uma crise: confirme antes que a pessoa está a salvo.",
    "cancel": "Cancelar",
    "clock_target": "Meta: {wait}",
    "clock_late": "Fora da meta de {wait}",
    "changed": "Esta conversa mudou de mãos.",
    "gone": "Esta conversa não está mais com você.",
    "reload": "Recarregar",
    "offline": "Sem conexão com o servidor. Tentando de novo…",
    "crisis_title": "Protocolo de crise",
    "crisis_1": "Não fale de pagamentos, dívidas nem prazos.",
    "crisis_2": "Escute sem discutir nem julgar. Não prometa segredo.",
    "crisis_3": "Pergunte se está em perigo neste momento.",
    "crisis_4": "Se houver perigo imediato, indique o número de emergência e avise sua supervisão.",
    "crisis_lines": "Linhas de ajuda",
    "emergency": "Emergência",
    "crisis_no_lines": "Não há linhas verificadas para este país: indique o número local de "
    "emergência.",
    "notice_taken": "Você assumiu a conversa.",
    "notice_replied": "Resposta enviada.",
    "notice_returned": "A conversa voltou para o bot.",
    "problem_title": "Não foi possível",
    "problem_not_found": "Não encontramos essa página",
    "problem_not_found_more": "A conversa pode ter voltado ao bot ou não ser da sua equipe.",
    "problem_csrf": "Não conseguimos confirmar que o pedido veio do seu console",
    "problem_csrf_more": "Nada foi alterado. Abra a página de novo e repita o que fazia.",
    "problem_not_in_hand": "A conversa está com o bot",
    "problem_not_in_hand_more": "Assuma-a antes de escrever nela ou de devolvê-la.",
    "problem_held": "A conversa está com outra pessoa",
    "problem_held_more": "Assuma-a primeiro, ou deixe seguir quem está com ela.",
    "problem_bad_request": "Não entendemos o pedido",
    "problem_bad_request_more": "Volte ao console e tente outra vez.",
    "problem_too_large": "O pedido é grande demais",
    "problem_too_large_more": "Uma resposta pode ter 4000 caracteres.",
    "problem_broken": "Algo falhou do nosso lado",
    "problem_broken_more": "Ficou registrado. Tente de novo daqui a pouco.",
    "problem_back": "Voltar ao console",
}

_EN = {
    "console": "Console",
    "tagline": "The people the bot entrusts to you.",
    "skip": "Skip to content",
    "sign_in": "Sign in",
    "sign_in_title": "Sign in to the console",
    "email": "E-mail",
    "password": "Password",
    "sign_in_failed": "The e-mail or the password is not right.",
    "sign_in_blocked": "Too many tries. Try again in {wait}.",
    "sign_in_stale": "The page had been open for too long. Please try again.",
    "sign_in_help": "Cannot sign in? Whoever runs Acuerdo can create or re-enable your account.",
    "sign_out": "Sign out",
    "signed_out": "You have signed out of the console.",
    "role_agent": "Agent",
    "role_supervisor": "Supervisor",
    "role_admin": "Administrator",
    "tab_queue": "Waiting",
    "tab_mine": "Mine",
    "tab_bot": "With the bot",
    "tabs": "Lists of conversations",
    "queue_title": "Conversations",
    "waiting_one": "{count} person is waiting for an answer",
    "waiting_other": "{count} people are waiting for an answer",
    "waiting_none": "Nobody is waiting for an answer",
    "empty_queue": "Nobody is waiting for a person",
    "empty_queue_more": "When the bot hands a conversation over it appears here by itself.",
    "empty_mine": "You have no conversations",
    "empty_mine_more": "Take one from “Waiting” and it stays here until you return it.",
    "empty_bot": "The bot has no conversations",
    "empty_bot_more": "Those the bot is answering appear here, the newest first.",
    "shown_first": "Showing the first {count}.",
    "waits": "Waiting",
    "answered": "Answered",
    "their_turn": "It is the other person's turn",
    "unanswered_one": "{count} unanswered",
    "unanswered_other": "{count} unanswered",
    "nobody_has_it": "Not taken",
    "you_have_it": "You have it",
    "has_it": "{name} has it",
    "bot_has_it": "The bot is answering",
    "crisis": "Crisis",
    "last_from_debtor": "Wrote",
    "last_from_bot": "Bot",
    "last_from_person": "Team",
    "last_from_system": "Notice",
    "no_messages": "No messages yet",
    "last_activity": "Last active {wait} ago",
    "less_than_a_minute": "under 1 min",
    "back": "Conversations",
    "conversation": "Conversation {id}",
    "debtor": "Person",
    "unverified_name": "Unverified person",
    "identity": "Identity",
    "level_0": "Identity: unknown",
    "level_1": "Identity: channel recognised",
    "level_2": "Identity: verified",
    "unverified_warning": "We do not know for sure who is writing. Do not confirm that there is an "
    "account, and do not speak of amounts, products or dates.",
    "identity_locked": "Verification is locked until {at}.",
    "opted_out": "Asked us not to write unasked. Answering them here is fine.",
    "reason": "Reason",
    "handed_over": "Handed over",
    "summary": "Summary",
    "no_summary": "The bot left no summary.",
    "facts": "About this conversation",
    "creditor": "Company",
    "language": "Language",
    "channel": "Channel",
    "held_by": "Who has it",
    "transcript": "Messages",
    "earlier": "Show earlier messages",
    "from_debtor": "Person",
    "from_bot": "Bot",
    "from_person": "Team",
    "from_system": "Notice",
    "options_shown": "Options they saw",
    "pressed": "pressed a button",
    "state_received": "Received",
    "state_handled": "Received",
    "state_queued": "Queued",
    "state_sent": "Sent",
    "state_delivered": "Delivered",
    "state_read": "Read",
    "state_failed": "Could not be delivered",
    "take": "Take",
    "take_from": "Take from {name}",
    "take_hint": "When you take it, the person is told that somebody is with them.",
    "take_bot_hint": "The bot stays silent until you return the conversation.",
    "other_has_it": "{name} is answering this conversation. To write, take it first.",
    "reply": "Reply",
    "reply_placeholder": "Write your reply…",
    "send": "Send",
    "sending": "Sending…",
    "send_hint": "Ctrl + Enter sends",
    "characters": "{count} of 4000",
    "reply_empty": "Write something before sending.",
    "reply_too_long": "The reply is over 4000 characters. Shorten it or send it in two parts.",
    "reply_not_sent": "It could not be sent. Your text is still here: try again.",
    "reply_nonce": "That was sent already with another text. Reload the page before going on.",
    "session_over": "Your session has ended. Copy your text and sign in again.",
    "return": "Return to the bot",
    "return_title": "Return the conversation to the bot?",
    "return_text": "The bot tells the person and answers them again. It does not know what you agreed: "
    "put it in writing in the conversation before returning it.",
    "return_crisis_text": "This is a crisis conversation. The bot does not speak again until a person "
    "decides that it may.",
    "return_crisis_check": "The person is safe, or with somebody who can help them.",
    "return_crisis_needed": "This is a crisis: confirm first that the person is safe.",
    "cancel": "Cancel",
    "clock_target": "Target: {wait}",
    "clock_late": "Past the target of {wait}",
    "changed": "This conversation has changed hands.",
    "gone": "This conversation is no longer in your hands.",
    "reload": "Reload",
    "offline": "No connection to the server. Trying again…",
    "crisis_title": "Crisis protocol",
    "crisis_1": "Do not speak of payments, debts or deadlines.",
    "crisis_2": "Listen without arguing or judging. Do not promise secrecy.",
    "crisis_3": "Ask whether they are in danger right now.",
    "crisis_4": "If the danger is immediate, give the emergency number and tell your supervisor.",
    "crisis_lines": "Help lines",
    "emergency": "Emergency",
    "crisis_no_lines": "There are no verified lines for this country: give the local emergency "
    "number.",
    "notice_taken": "You have taken the conversation.",
    "notice_replied": "Reply sent.",
    "notice_returned": "The conversation is back with the bot.",
    "problem_title": "That did not work",
    "problem_not_found": "We could not find that page",
    "problem_not_found_more": "The conversation may be back with the bot, or not be your team's.",
    "problem_csrf": "We could not confirm that the request came from your console",
    "problem_csrf_more": "Nothing has been changed. Open the page again and repeat what you did.",
    "problem_not_in_hand": "The conversation is with the bot",
    "problem_not_in_hand_more": "Take it before writing in it or returning it.",
    "problem_held": "Somebody else has the conversation",
    "problem_held_more": "Take it first, or let whoever has it go on.",
    "problem_bad_request": "We did not understand the request",
    "problem_bad_request_more": "Go back to the console and try again.",
    "problem_too_large": "The request is too large",
    "problem_too_large_more": "A reply may have 4000 characters.",
    "problem_broken": "Something failed on our side",
    "problem_broken_more": "It has been recorded. Try again in a moment.",
    "problem_back": "Back to the console",
}

_ALL: Mapping[str, Mapping[str, str]] = {
    "es": _ES | case_texts.ES | delivery_texts.ES | plan_texts.ES | nudge_texts.ES | word_texts.ES,
    "pt": _PT | case_texts.PT | delivery_texts.PT | plan_texts.PT | nudge_texts.PT | word_texts.PT,
    "en": _EN | case_texts.EN | delivery_texts.EN | plan_texts.EN | nudge_texts.EN | word_texts.EN,
}


def catalogue(language: str) -> Mapping[str, str]:
    """Every text of one language, for the tests that compare them."""
    return _ALL[language]
