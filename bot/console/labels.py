"""Words for the codes that agents would otherwise read: reasons, intents, states, field names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.console.delivery_texts import WHY_NOT
from bot.console.nudge_words import VERDICTS

Labels = Callable[[str, str], str | None]
"""`(language, code)` → words, or nothing where there are none. The app may give its own."""

_PLACE = {"es": 0, "pt": 1, "en": 2}


def label(language: str, code: str, own: Labels | None = None) -> str:
    """`code` in words: the app's, else ours, else the code itself made readable."""
    words = own(language, code) if own else None
    if words:
        return words
    known = _WORDS.get(code)
    if known:
        return known[_PLACE.get(language, 0)]
    readable = code.replace("_", " ").replace(".", " ").strip()
    return readable[:1].upper() + readable[1:]


def has_label(language: str, code: str, own: Labels | None = None) -> bool:
    """Whether `code` is a code with words of its own, rather than something somebody wrote."""
    return code in _WORDS or bool(own and own(language, code))


def words() -> Mapping[str, tuple[str, str, str]]:
    """Every code with its words in Spanish, Portuguese and English."""
    return _WORDS


_REASONS = {
    "asked": ("Pidió una persona", "Pediu uma pessoa", "Asked for a person"),
    "ask_human": ("Pidió una persona", "Pediu uma pessoa", "Asked for a person"),
    "misunderstood": (
        "El bot no le entendió",
        "O bot não entendeu",
        "The bot did not understand",
    ),
    "crisis": ("Crisis: posible peligro", "Crise: possível perigo", "Crisis: possible danger"),
    "identity_locked": (
        "No pudo verificar su identidad",
        "Não conseguiu se identificar",
        "Could not verify who they are",
    ),
    "outside_limits": (
        "Propone algo fuera de los límites",
        "Propõe algo fora dos limites",
        "Proposes something outside the limits",
    ),
    "no_limits_for_currency": (
        "No hay límites para su moneda",
        "Não há limites para a moeda",
        "No limits for the currency",
    ),
    "dispute": ("Objeta la cuenta", "Contesta a conta", "Disputes the account"),
    "hardship": ("Está en dificultades", "Está em dificuldades", "In hardship"),
    "vulnerable": ("Necesita cuidado especial", "Precisa de cuidado", "Needs special care"),
    "fraud": ("Suplantación o fraude", "Fraude de identidade", "Identity fraud"),
    "legal": ("Asunto legal", "Assunto jurídico", "Legal matter"),
    "deceased": ("Aviso de fallecimiento", "Aviso de falecimento", "Told of a death"),
    "broken_promise": (
        "No se cumplió una promesa",
        "Promessa não cumprida",
        "A promise was not kept",
    ),
    "nudge_last_step": (
        "Fin de los avisos automáticos",
        "Fim dos avisos automáticos",
        "End of automatic messages",
    ),
    "plan_suspended": (
        "Plan en pausa por cuotas sin pagar",
        "Plano em pausa por parcelas não pagas",
        "Plan paused over missed instalments",
    ),
    "taken_by_agent": (
        "La tomó el equipo",
        "Assumida pela equipe",
        "Taken by the team",
    ),
    "rasa_down": ("El bot no está disponible", "O bot está indisponível", "The bot is down"),
    "error": ("El bot tuvo un fallo", "O bot teve uma falha", "The bot failed"),
    "complaint": ("Queja", "Reclamação", "Complaint"),
    "third_party": ("Escribe otra persona", "Outra pessoa escreve", "Somebody else is writing"),
    "negative": ("Está muy molesto", "Está muito irritado", "Very upset"),
    "payment_unverified": ("Pago por comprobar", "Pagamento a verificar", "Payment to be checked"),
}

_INTENTS = {
    "opt_out": ("Pide que no le escriban", "Pede para não receber mensagens", "Opts out"),
    "wrong_person": ("Dice que no es esa persona", "Diz que não é essa pessoa", "Wrong person"),
    "deceased_holder": ("El titular falleció", "O titular faleceu", "The holder died"),
    "contact_preference": (
        "Cuándo o cómo contactarle",
        "Quando ou como contatar",
        "When or how to contact them",
    ),
    "data_rights": ("Derechos sobre sus datos", "Direitos sobre dados", "Data rights"),
    "objection_already_paid": ("Dice que ya pagó", "Diz que já pagou", "Says it is paid"),
    "objection_not_mine": (
        "No reconoce la deuda",
        "Não reconhece a dívida",
        "Does not recognise the debt",
    ),
    "objection_fraud": ("Suplantación de identidad", "Fraude de identidade", "Identity fraud"),
    "objection_wrong_amount": ("Monto incorrecto", "Valor incorreto", "Wrong amount"),
    "objection_service": ("Problema con el servicio", "Problema no serviço", "Faulty service"),
    "objection_not_notified": ("No recibió aviso", "Não recebeu aviso", "Was not told"),
    "objection_time_barred": ("Dice que prescribió", "Diz que prescreveu", "Says it is too old"),
    "objection_distrust": ("Desconfía", "Desconfia", "Distrusts us"),
    "objection_has_agreement": (
        "Dice que ya tiene un acuerdo",
        "Diz que já tem acordo",
        "Says there is an agreement",
    ),
    "objection_legal_representation": (
        "Tiene abogado o concurso",
        "Tem advogado ou insolvência",
        "Has a lawyer or is insolvent",
    ),
    "objection_refusal": ("Se niega a pagar", "Recusa pagar", "Refuses to pay"),
    "objection_harassment": (
        "Se queja de cómo le contactan",
        "Reclama do contato",
        "Complains of harassment",
    ),
    "hardship_job_loss": ("Perdió el trabajo", "Perdeu o emprego", "Lost the job"),
    "hardship_reduced_income": ("Bajaron sus ingresos", "Renda menor", "Lower income"),
    "hardship_illness": ("Enfermedad", "Doença", "Illness"),
    "hardship_mental_health": ("Agobio o salud mental", "Saúde mental", "Mental health"),
    "hardship_bereavement": ("Murió alguien cercano", "Luto", "Bereavement"),
    "hardship_separation": ("Separación", "Separação", "Separation"),
    "hardship_disaster": ("Desastre o robo", "Desastre ou roubo", "Disaster or theft"),
    "hardship_overindebted": ("Demasiadas deudas", "Dívidas demais", "Too many debts"),
    "hardship_business": ("Cerró su negocio", "Negócio fechado", "Business failed"),
    "hardship_care": ("Cuida de alguien", "Cuida de alguém", "Caring for somebody"),
    "hardship_cannot_pay": ("No puede pagar", "Não pode pagar", "Cannot pay"),
    "request_plan": ("Pide cuotas", "Pede parcelas", "Asks for instalments"),
    "request_extension": ("Pide más tiempo", "Pede mais prazo", "Asks for more time"),
    "request_discount": ("Pide un descuento", "Pede desconto", "Asks for a discount"),
    "counter_offer": ("Hace una contraoferta", "Faz contraproposta", "Makes a counter-offer"),
    "promise_to_pay": ("Promete pagar", "Promete pagar", "Promises to pay"),
    "callback_later": ("Prefiere hablar luego", "Prefere falar depois", "Prefers later"),
    "pay_now": ("Quiere pagar", "Quer pagar", "Wants to pay"),
    "pay_partial": ("Quiere pagar una parte", "Quer pagar uma parte", "Wants to pay a part"),
    "ask_payment_methods": ("Cómo se paga", "Como se paga", "How to pay"),
    "payment_problem": ("Problema al pagar", "Problema ao pagar", "Trouble paying"),
    "ask_receipt": ("Pide comprobante", "Pede comprovante", "Asks for a receipt"),
    "payment_dispute": ("Contracargo", "Chargeback", "Card dispute"),
    "ask_refund": ("Pide devolución", "Pede reembolso", "Asks for a refund"),
    "third_party_pays": ("Quiere pagar por otro", "Quer pagar por outro", "Pays for another"),
    "ask_balance": ("Pregunta cuánto debe", "Pergunta quanto deve", "Asks the balance"),
    "ask_breakdown": ("Pide el detalle", "Pede o detalhe", "Asks for the breakdown"),
    "ask_due_date": ("Pregunta cuándo vence", "Pergunta o vencimento", "Asks the due date"),
    "ask_payment_history": ("Pregunta por sus pagos", "Pergunta os pagamentos", "Asks of payments"),
    "ask_plan_status": ("Pregunta por su plan", "Pergunta do plano", "Asks about the plan"),
    "ask_invoice_copy": ("Pide la factura", "Pede a fatura", "Asks for the invoice"),
    "ask_settlement_letter": ("Pide paz y salvo", "Pede carta de quitação", "Asks for a clearance"),
    "ask_consequences": ("Qué pasa si no paga", "O que acontece se não pagar", "Consequences"),
    "ask_credit_bureau": ("Pregunta por el buró", "Pergunta do cadastro", "Asks of credit bureau"),
    "ask_legal_action": ("Pregunta por demandas", "Pergunta de processo", "Asks of legal action"),
    "ask_privacy": ("Pregunta por la privacidad", "Pergunta da privacidade", "Asks of privacy"),
    "ask_how_it_works": ("Pide ayuda", "Pede ajuda", "Asks how it works"),
    "financial_education": ("Educación financiera", "Educação financeira", "Money education"),
    "abuse": ("Insulta o amenaza", "Insulta ou ameaça", "Insults or threatens"),
    "bot_challenge": ("Pregunta si es un bot", "Pergunta se é um bot", "Asks if it is a bot"),
    "change_language": ("Cambia de idioma", "Muda de idioma", "Changes language"),
    "chitchat": ("Charla", "Conversa", "Small talk"),
    "inform": ("Da un dato", "Dá um dado", "Gives a detail"),
    "nlu_fallback": ("No se entendió", "Não se entendeu", "Not understood"),
    "out_of_scope": ("Otro tema", "Outro assunto", "Another subject"),
    "greet": ("Saluda", "Cumprimenta", "Greets"),
    "goodbye": ("Se despide", "Despede-se", "Says goodbye"),
    "thanks": ("Agradece", "Agradece", "Thanks"),
    "affirm": ("Dice que sí", "Diz que sim", "Says yes"),
    "deny": ("Dice que no", "Diz que não", "Says no"),
}

_FIELDS = {
    "account": ("Cuenta", "Conta", "Account"),
    "agreed": ("Acordado", "Combinado", "Agreed"),
    "amount": ("Importe", "Valor", "Amount"),
    "answer_by": ("Responder antes de", "Responder até", "Answer by"),
    "asked_for": ("Qué pidió", "O que pediu", "What they asked for"),
    "attempts": ("Intentos", "Tentativas", "Tries"),
    "balance": ("Saldo", "Saldo", "Balance"),
    "brand": ("Empresa", "Empresa", "Company"),
    "case": ("Caso", "Caso", "Case"),
    "case_number": ("Caso", "Caso", "Case"),
    "case_reason": ("Motivo del caso", "Motivo do caso", "Case reason"),
    "cases": ("Casos", "Casos", "Cases"),
    "channel": ("Canal", "Canal", "Channel"),
    "claim": ("Lo que dice", "O que diz", "What they say"),
    "count": ("Cantidad", "Quantidade", "Number"),
    "currency": ("Moneda", "Moeda", "Currency"),
    "date": ("Fecha", "Data", "Date"),
    "days_overdue": ("Días de atraso", "Dias de atraso", "Days overdue"),
    "due": ("Vence", "Vence", "Due"),
    "due_on": ("Vence", "Vence", "Due"),
    "expires_at": ("Válida hasta", "Válida até", "Valid until"),
    "first": ("Primera", "Primeira", "First"),
    "first_on": ("Empieza", "Começa", "Starts"),
    "flags": ("Señales", "Sinais", "Flags"),
    "frequency": ("Frecuencia", "Frequência", "Frequency"),
    "hold_until": ("En pausa hasta", "Em pausa até", "On hold until"),
    "identity": ("Identidad", "Identidade", "Identity"),
    "identity_level": ("Identidad", "Identidade", "Identity"),
    "instalment": ("Cuota", "Parcela", "Instalment"),
    "instalments": ("Cuotas", "Parcelas", "Instalments"),
    "intent": ("Último tema", "Último assunto", "Last topic"),
    "intents": ("Temas", "Assuntos", "Topics"),
    "kind": ("Tipo", "Tipo", "Kind"),
    "language": ("Idioma", "Idioma", "Language"),
    "last_intent": ("Último tema", "Último assunto", "Last topic"),
    "level": ("Identidad", "Identidade", "Identity"),
    "link": ("Enlace de pago", "Link de pagamento", "Payment link"),
    "misunderstandings": ("Veces sin entender", "Vezes sem entender", "Misunderstandings"),
    "next": ("Siguiente", "Próxima", "Next"),
    "number": ("Número", "Número", "Number"),
    "offer": ("Oferta", "Oferta", "Offer"),
    "offers": ("Ofertas", "Ofertas", "Offers"),
    "opened_at": ("Abierto", "Aberto", "Opened"),
    "paid": ("Pagado", "Pago", "Paid"),
    "payment": ("Pago", "Pagamento", "Payment"),
    "plan": ("Plan", "Plano", "Plan"),
    "promise": ("Promesa", "Promessa", "Promise"),
    "promises": ("Promesas", "Promessas", "Promises"),
    "proposal": ("Propuesta", "Proposta", "Proposal"),
    "reason": ("Motivo", "Motivo", "Reason"),
    "reasons": ("Motivos", "Motivos", "Reasons"),
    "recorded_at": ("Registrada", "Registrada", "Recorded"),
    "round": ("Ronda", "Rodada", "Round"),
    "stance": ("Actitud", "Postura", "Stance"),
    "state": ("Estado", "Estado", "State"),
    "status": ("Estado", "Estado", "State"),
    "topic": ("Tema", "Assunto", "Topic"),
    "total": ("Total", "Total", "Total"),
    "balance_minor": ("Saldo", "Saldo", "Balance"),
    "total_minor": ("Total", "Total", "Total"),
    "verified": ("Identidad verificada", "Identidade verificada", "Identity verified"),
    "wish": ("Lo que propone", "O que propõe", "What they propose"),
}

_STATES = {
    "yes": ("Sí", "Sim", "Yes"),
    "no": ("No", "Não", "No"),
    "level_0": ("Desconocida", "Desconhecida", "Unknown"),
    "level_1": ("Canal reconocido", "Canal reconhecido", "Channel recognised"),
    "level_2": ("Verificada", "Verificada", "Verified"),
    "objection": ("Objeción", "Contestação", "Objection"),
    "negotiation": ("Negociación", "Negociação", "Negotiation"),
    "information": ("Información", "Informação", "Information"),
    "open": ("Abierta", "Aberta", "Open"),
    "accepted": ("Aceptado", "Aceito", "Accepted"),
    "replaced": ("Sustituida", "Substituída", "Replaced"),
    "expired": ("Vencida", "Vencida", "Expired"),
    "resolved": ("Resuelto", "Resolvido", "Resolved"),
    "active": ("Vigente", "Vigente", "Active"),
    "kept": ("Cumplida", "Cumprida", "Kept"),
    "moved": ("Cambiada de fecha", "Data alterada", "Moved"),
    "broken": ("No cumplida", "Não cumprida", "Not kept"),
    "completed": ("Terminado", "Concluído", "Completed"),
    "cancelled": ("Cancelado", "Cancelado", "Cancelled"),
    "weekly": ("Semanal", "Semanal", "Weekly"),
    "biweekly": ("Quincenal", "Quinzenal", "Every two weeks"),
    "monthly": ("Mensual", "Mensal", "Monthly"),
    "web": ("Chat web", "Chat web", "Web chat"),
    "telegram": ("Telegram", "Telegram", "Telegram"),
    "whatsapp": ("WhatsApp", "WhatsApp", "WhatsApp"),
    "email": ("Correo", "E-mail", "E-mail"),
    "terminal": ("Terminal", "Terminal", "Terminal"),
    "es": ("Español", "Espanhol", "Spanish"),
    "pt": ("Portugués", "Português", "Portuguese"),
    "en": ("Inglés", "Inglês", "English"),
}

_WORDS: Mapping[str, tuple[str, str, str]] = (
    WHY_NOT | VERDICTS | _FIELDS | _STATES | _INTENTS | _REASONS
)
