"""What agents read where a message is stopped for its words. Debtors never read these."""

from __future__ import annotations

ES = {
    "words_hard": "No se envió: tiene palabras que no se le escriben a nadie.",
    "words_soft": "No se envió: solo un supervisor puede enviar estas palabras.",
    "words_soft_yours": "No se envió todavía: para estas palabras hace falta un motivo, que queda "
    "registrado.",
    "words_line": "«{words}»: {about} ({source}) Mejor así: «{instead}»",
    "words_note": "No se guardó: la persona va a leer esta nota, y tiene palabras que no se le "
    "escriben.",
    "words_ours": "Regla de este producto.",
    "words_instead": "Mejor así:",
    "words_excuse": "Enviar con un motivo",
    "words_excuse_hint": "Solo para palabras que un supervisor puede permitir.",
    "words_excuse_none": "Sin motivo",
    "words_excuse_their_question": "Responde a lo que preguntó",
    "words_excuse_true_step": "Es un paso cierto y ya decidido",
    "words_excuse_their_words": "Repite sus propias palabras",
    "words_excuse_not_meant": "Aquí la palabra significa otra cosa",
    "told_title": "Información del primer contacto",
    "told_made": "Dicha el",
    "told_due": "Todavía no se ha dicho. Va sola con el primer mensaje del bot sobre la cuenta.",
    "told_missing": "Faltan datos de la empresa: {what}.",
    "told_send": "Enviar antes la información del primer contacto",
    "told_need_legal_name": "razón social",
    "told_need_tax_id": "identificación fiscal",
    "told_need_address": "dirección",
    "told_need_phone": "teléfono",
    "told_need_complaints": "dónde quejarse",
}

PT = {
    "words_hard": "Não foi enviada: tem palavras que não se escrevem a ninguém.",
    "words_soft": "Não foi enviada: só um supervisor pode enviar estas palavras.",
    "words_soft_yours": "Ainda não foi enviada: para estas palavras é preciso um motivo, que fica "
    "registrado.",
    "words_line": "“{words}”: {about} ({source}) Melhor assim: “{instead}”",
    "words_note": "Não foi salva: a pessoa vai ler esta nota, e ela tem palavras que não se "
    "escrevem.",
    "words_ours": "Regra deste produto.",
    "words_instead": "Melhor assim:",
    "words_excuse": "Enviar com um motivo",
    "words_excuse_hint": "Só para palavras que um supervisor pode permitir.",
    "words_excuse_none": "Sem motivo",
    "words_excuse_their_question": "Responde ao que a pessoa perguntou",
    "words_excuse_true_step": "É um passo certo e já decidido",
    "words_excuse_their_words": "Repete as palavras da pessoa",
    "words_excuse_not_meant": "Aqui a palavra significa outra coisa",
    "told_title": "Informação do primeiro contato",
    "told_made": "Dita em",
    "told_due": "Ainda não foi dita. Vai junto com a primeira mensagem do bot sobre a conta.",
    "told_missing": "Faltam dados da empresa: {what}.",
    "told_send": "Enviar antes a informação do primeiro contato",
    "told_need_legal_name": "razão social",
    "told_need_tax_id": "número fiscal",
    "told_need_address": "endereço",
    "told_need_phone": "telefone",
    "told_need_complaints": "onde reclamar",
}

EN = {
    "words_hard": "Not sent: it has words that are not written to anybody.",
    "words_soft": "Not sent: only a supervisor may send these words.",
    "words_soft_yours": "Not sent yet: these words need a reason, which is kept on record.",
    "words_line": "“{words}”: {about} ({source}) Better: “{instead}”",
    "words_note": "Not saved: the person is going to read this note, and it has words that are not "
    "written to them.",
    "words_ours": "Rule of this product.",
    "words_instead": "Better:",
    "words_excuse": "Send with a reason",
    "words_excuse_hint": "Only for words that a supervisor may allow.",
    "words_excuse_none": "No reason",
    "words_excuse_their_question": "Answers what they asked",
    "words_excuse_true_step": "It is true and already decided",
    "words_excuse_their_words": "Repeats their own words",
    "words_excuse_not_meant": "The word means something else here",
    "told_title": "First-contact information",
    "told_made": "Told on",
    "told_due": "Not told yet. It goes with the bot's first message about the account.",
    "told_missing": "The company's record lacks: {what}.",
    "told_send": "Send the first-contact information before it",
    "told_need_legal_name": "legal name",
    "told_need_tax_id": "tax number",
    "told_need_address": "address",
    "told_need_phone": "telephone",
    "told_need_complaints": "where to complain",
}
