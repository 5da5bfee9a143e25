"""What people say about being written to, and what is kept of it."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.contact_wishes import HERE, ContactWish, read_contact_wish

THURSDAY = date(2026, 11, 19)

SAID = [
    # es
    ("MX", "solo por correo", "email"),
    ("MX", "solo por whatsapp", "whatsapp"),
    ("MX", "Prefiero que me escriban por mail.", "email"),
    ("MX", "prefiero telegram", "telegram"),
    ("MX", "escribime x tele no x wpp", "telegram"),
    ("MX", "mejor por correo que el wasap lo ve mi hija", "email"),
    ("MX", "Mandame mail, no wasap", "email"),
    ("MX", "solo whatsapp, no llamadas", "whatsapp more"),
    ("MX", "por whatsapp nomas", "whatsapp"),
    ("MX", "solo telegram plis", "telegram"),
    ("MX", "Prefiero el correo electrónico.", "email"),
    ("MX", "no llamen, manden correo al institucional", "email more"),
    ("MX", "no me escriban por whatsapp", "more"),
    ("MX", "solo por aquí", "here"),
    ("MX", "escríbanme solo por este chat", "here"),
    ("MX", "no me escriban más que por correo", "email"),
    ("MX", "no me contacten sino por email", "email"),
    ("MX", "por guasap mejor", "whatsapp"),
    ("MX", "Después de las 18, por favor.", "18:00-23:59"),
    ("MX", "escríbanme después de las 6", "18:00-23:59"),
    ("MX", "despues d las 14 q salgo de cursar", "14:00-23:59"),
    ("MX", "escribime despues de las diez de la noche", "22:00-23:59"),
    ("MX", "escribanme despues de las 8", "more"),
    ("MX", "no llamen antes de las 16", "16:00-23:59"),
    ("MX", "no me escriban antes de las 10", "10:00-23:59"),
    ("MX", "no me manden nada después de las 8", "00:00-20:00"),
    ("MX", "por las mañanas", "06:00-12:00"),
    ("MX", "a la tarde", "12:00-19:00"),
    ("MX", "solo por la tarde", "12:00-19:00"),
    ("MX", "en la mañana no que ando en la mar", "12:00-23:59"),
    ("MX", "de noche no", "00:00-18:00"),
    ("MX", "escribame mejor en la tarde", "12:00-19:00"),
    ("MX", "entre las 9 y las 12", "09:00-12:00"),
    ("MX", "de 9 a 12", "09:00-12:00"),
    ("MX", "de 9 a 6", "09:00-18:00"),
    ("MX", "de 6 a 8", "18:00-20:00"),
    ("MX", "entre las 2 y las 4 de la tarde", "14:00-16:00"),
    ("MX", "de lunes a viernes de 9 a 18", "days=1,2,3,4,5 09:00-18:00"),
    ("MX", "de lunes a viernes, después de las 5", "days=1,2,3,4,5 17:00-23:59"),
    ("MX", "trabajo de lunes a viernes de 9 a 6", ""),
    ("MX", "solo los fines de semana", "days=6,7"),
    ("MX", "No me manden mensajes los fines de semana.", "days=1,2,3,4,5"),
    ("MX", "los jueves y domingos no que es feria", "days=1,2,3,5,6"),
    ("MX", "pueden comunicarse conmigo nada mas los sabados? entre semana estoy en la mina y no hay señal", "days=6"),
    ("MX", "los domingos los quiero libres, de lunes a viernes me pueden escribir sin drama", "days=1,2,3,4,5"),
    ("MX", "si me van a avisar algo que sea los lunes que es mi franco", "days=1"),
    ("MX", "una vez por semana", "weekly=1"),
    ("MX", "máximo dos veces por semana", "weekly=2"),
    ("MX", "no más de una vez a la semana por favor", "weekly=1"),
    ("MX", "un mensaje por semana y basta", "weekly=1"),
    ("MX", "me escriben 5 veces por semana", ""),
    ("MX", "no me escriban hasta el 15", "until=2026-12-15"),
    ("MX", "no me escriban hasta el lunes", "until=2026-11-23"),
    ("MX", "hasta el lunes no me escriban", "until=2026-11-23"),
    ("MX", "no me escriban hasta el próximo mes", "until=2026-12-01"),
    ("MX", "hasta el viernes estoy de viaje, no me escriban", "until=2026-11-20"),
    ("MX", "despues del 15 de diciembre contactenme, antes estoy en examenes", "until=2026-12-16"),
    ("MX", "no antes del 20", "until=2026-11-20"),
    ("MX", "no me molesten esta semana", "until=2026-11-23"),
    ("MX", "no me escriban por dos semanas", "until=2026-12-03"),
    ("MX", "no me escriban en 10 días", "until=2026-11-29"),
    ("MX", "hoy no me escriban más", "until=2026-11-20"),
    ("MX", "no me llamen al trabajo", "more"),
    ("MX", "no me marquen al trabajo", "more"),
    ("MX", "no me llamen al trabajo, mejor por correo después de las 6", "email 18:00-23:59 more"),
    ("MX", "no puedo pagar más de 200", ""),
    ("MX", "no puedo pagar antes de las 6", ""),
    ("MX", "puedo pagar entre 9 y 12 cuotas", ""),
    ("MX", "de 9 a 12 cuotas", ""),
    ("MX", "pago una vez por semana", ""),
    ("MX", "ya no me marque a la oficina por favor, el jueves le deposito", "more"),
    ("MX", "no puedo contestar antes de las 6", "18:00-23:59"),
    ("MX", "por la mañana no puedo, mejor a la tarde", "12:00-19:00"),
    ("MX", "cualquier día menos los domingos", "days=1,2,3,4,5,6"),
    ("MX", "a la siesta no", "more"),
    ("MX", "al fijo del negocio no me llames que lo escuchan los clientes", "more"),
    ("MX", "A mi padre no le escribáis, a mí sí.", "more"),
    ("MX", "¿Puede ser que a partir de ahora me contacten nada más que por la mañana? A la "
           "tarde estoy con clientes.", "06:00-12:00"),
    ("MX", "escríbanme despues de las 6 porfa que en la oficina no puedo mirar el celular", "18:00-23:59"),
    ("MX", "de dia yo toy en la obra y ni oigo el telefono, ecribame de noche como a la "
           "ocho que ahi si le puedo reponder", "18:00-23:59 more"),
    ("MX", "lunes, miércoles y viernes a partir de las 5", "days=1,3,5 17:00-23:59"),
    ("MX", "de 8am a 11am", "08:00-11:00"),
    ("MX", "entre 9:30 y 12:30", "09:30-12:30"),
    ("MX", "escríbanme al mediodía", "12:00-14:00"),
    ("MX", "pueden escribirme a cualquier hora", "00:00-23:59"),
    ("MX", "después de navidad escríbanme", "until=2026-12-26"),
    ("MX", "no hasta enero por favor", "until=2027-01-01"),
    ("MX", "no me escriban los domingos por la mañana", "more"),
    ("MX", "no llamen o escriban los domingos", "more"),
    ("MX", "no me llamen manden correo", "more"),
    ("MX", "lunes por la mañana y jueves por la tarde", "more"),
    ("MX", "no me escriban por whatsapp despues de las 8", "more"),
    ("MX", "no me escriban antes de las 9 ni los domingos", "days=1,2,3,4,5,6 09:00-23:59"),
    ("MX", "escribanme el viernes", ""),
    ("MX", "hasta las 6 estoy trabajando", ""),
    ("MX", "puedo pagar el viernes despues de las 6", ""),
    ("MX", "no me manden mensajes de noche", "00:00-18:00"),
    ("MX", "nunca los domingos", "days=1,2,3,4,5,6"),
    ("MX", "de 20 a 9", "20:00-09:00"),
    ("MX", "no quiero que me escriban los sábados ni los domingos", "days=1,2,3,4,5"),
    ("MX", "puedo pagar 500 por semana", ""),
    ("MX", "me pagan los viernes después de las 6", ""),
    ("MX", "cobro los lunes", ""),
    ("MX", "escríbanme por correo los lunes de 9 a 12", "email days=1 09:00-12:00"),
    ("MX", "solo puedo pagar de lunes a viernes", ""),
    ("MX", "solo puedo 200", ""),
    # pt
    ("BR", "só depois das 18h", "18:00-23:59"),
    ("BR", "manda por email por favor", "email"),
    ("BR", "só por whatsapp", "whatsapp"),
    ("BR", "chama no zap", "whatsapp"),
    ("BR", "prefiro por e-mail", "email"),
    ("BR", "pode me chamar no whatsapp", "whatsapp"),
    ("BR", "falem comigo só por aqui", "here"),
    ("BR", "não liga mais pro meu serviço, pode chamar aqui no zap mesmo", "whatsapp more"),
    ("BR", "a partir do dia 10 voces podem me procurar, antes disso estou viajando", "until=2026-12-10"),
    ("BR", "não falem com a minha mãe sobre isso, falem comigo", "more"),
    ("BR", "de segunda a sexta depois das 18h", "days=1,2,3,4,5 18:00-23:59"),
    ("BR", "só de segunda a sexta", "days=1,2,3,4,5"),
    ("BR", "não me mandem mensagem no fim de semana", "days=1,2,3,4,5"),
    ("BR", "só nos fins de semana", "days=6,7"),
    ("BR", "só aos sábados", "days=6"),
    ("BR", "não me escrevam até dia 5", "until=2026-12-05"),
    ("BR", "até segunda não me mandem nada", "until=2026-11-23"),
    ("BR", "até dia 5 não", "until=2026-12-05"),
    ("BR", "não me chamem antes das 9h", "09:00-23:59"),
    ("BR", "não mandem nada depois das 20h", "00:00-20:00"),
    ("BR", "entre 9h e 12h", "09:00-12:00"),
    ("BR", "das 9 às 12", "09:00-12:00"),
    ("BR", "das 9h às 18h", "09:00-18:00"),
    ("BR", "de manhã", "06:00-12:00"),
    ("BR", "só à tarde por favor", "12:00-19:00"),
    ("BR", "prefiro à noite", "18:00-23:59"),
    ("BR", "uma vez por semana no máximo", "weekly=1"),
    ("BR", "no máximo duas mensagens por semana", "weekly=2"),
    ("BR", "não posso pagar mais de 200", ""),
    ("BR", "pago dia 5 depois das 18h", ""),
    ("BR", "no horário de almoço", "12:00-14:00"),
    ("BR", "dias úteis das 8 às 17h", "days=1,2,3,4,5 08:00-17:00"),
    ("BR", "não me liguem, mandem mensagem no telegram", "telegram more"),
    ("BR", "só me chama depois do dia 20", "until=2026-11-21"),
    ("BR", "não me mandem mensagem essa semana", "until=2026-11-23"),
    ("BR", "não quero mensagem no whatsapp, só por email", "email"),
    ("BR", "me mandem email, não whatsapp", "email"),
    ("BR", "as segundas e quartas", "days=1,3"),
    ("BR", "às terças não", "days=1,3,4,5,6,7"),
    ("BR", "qualquer horário", "00:00-23:59"),
    ("BR", "trabalho de segunda a sexta das 8 às 18", ""),
    ("BR", "não quero receber nada até o mês que vem", "until=2026-12-01"),
    ("BR", "só depois do meio-dia", "12:00-23:59"),
    # en
    ("US", "email only please", "email"),
    ("US", "only text me on whatsapp", "whatsapp"),
    ("US", "Could you not ring before 10am, I work nights and I'm asleep", "10:00-23:59"),
    ("US", "dont call my job", "more"),
    ("US", "texts are fine, just no voicemails cause my roommate plays them on speaker", "more"),
    ("US", "I am deaf so please only write, phone is not possible for me", "more"),
    ("US", "I'm at work. only message me after 6 from now on and ask me again tomorrow", "18:00-23:59"),
    ("US", "weekdays after 5pm", "days=1,2,3,4,5 17:00-23:59"),
    ("US", "Please don't phone the house, write to me by email.", "email more"),
    ("US", "not before Friday", "until=2026-11-20"),
    ("US", "don't write to me until the 15th", "until=2026-12-15"),
    ("US", "don't message me until Monday", "until=2026-11-23"),
    ("US", "please don't contact me until next month", "until=2026-12-01"),
    ("US", "between 9 and 12", "09:00-12:00"),
    ("US", "from 9am to 5pm", "09:00-17:00"),
    ("US", "only on weekends", "days=6,7"),
    ("US", "not on weekends please", "days=1,2,3,4,5"),
    ("US", "weekday evenings only", "days=1,2,3,4,5 18:00-23:59"),
    ("US", "mornings only", "06:00-12:00"),
    ("US", "once a week at most", "weekly=1"),
    ("US", "no more than twice a week", "weekly=2"),
    ("US", "Mondays and Thursdays after 3pm", "days=1,4 15:00-23:59"),
    ("US", "not on Sundays", "days=1,2,3,4,5,6"),
    ("US", "never on Fridays", "days=1,2,3,4,6,7"),
    ("US", "email not whatsapp", "email"),
    ("US", "email instead of whatsapp please", "email"),
    ("US", "on telegram please", "telegram"),
    ("US", "after the 20th you can write to me", "until=2026-11-21"),
    ("US", "please don't text me after 8pm", "00:00-20:00"),
    ("US", "don't text me before noon", "12:00-23:59"),
    ("US", "only message me here", "here"),
    ("US", "you text me 5 times a week", ""),
    ("US", "i can't pay more than 200", ""),
    ("US", "i can pay after 6 months", ""),
    ("US", "from 9 to 12 payments", ""),
    ("US", "I'll pay on Friday after 5pm", ""),
    ("US", "any time is fine", "00:00-23:59"),
    ("US", "Mon-Fri 9am-5pm", "days=1,2,3,4,5 09:00-17:00"),
    ("US", "weekdays", "days=1,2,3,4,5"),
    ("US", "I work weekdays 9 to 5", ""),
    ("US", "don't contact me for two weeks", "until=2026-12-03"),
    ("US", "in the evenings", "18:00-23:59"),
    ("US", "I'm free after 6", "18:00-23:59"),
    ("US", "use my email john@example.com", "email more"),
    ("US", "no messages until after christmas please", "until=2026-12-26"),
    ("US", "until Friday I'm away, please don't write", "until=2026-11-20"),
]  # fmt: skip
"""Country, words, and what they come to; nothing where nothing is to be kept."""


def read(country: str, text: str) -> ContactWish:
    return read_contact_wish(text, country=country, today=THURSDAY)


def written(wish: ContactWish) -> str:
    """A wish as in the table."""
    parts = [wish.channel or ""]
    if wish.weekdays is not None:
        parts.append("days=" + ",".join(map(str, wish.weekdays)))
    if wish.a_week is not None:
        parts.append(f"weekly={wish.a_week}")
    if wish.hours:
        parts.append("-".join(at.isoformat("minutes") for at in wish.hours))
    if wish.silent_until:
        parts.append(f"until={wish.silent_until}")
    return " ".join(part for part in [*parts, "more" if wish.more else ""] if part)


@pytest.mark.parametrize(("country", "text", "kept"), SAID)
def test_what_people_say_is_kept_as_they_mean_it(country, text, kept):
    assert written(read(country, text)) == kept


@pytest.mark.parametrize(("country", "text", "kept"), SAID)
def test_capitals_and_exclamation_marks_change_nothing(country, text, kept):
    assert written(read(country, text.upper() + "!!!")) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "arriba no coge el teléfono entonces si me dicen algo que sea después de las 6",
            "18:00-23:59",
        ),
        ("los findes doblo turno, en plan escríbeme lunes o martes", "days=1,2"),
        ("escríbanme después de las seis de la tarde y nunca a mi oficina", "18:00-23:59 more"),
        ("please write to me only after six in the evening and never at work", "18:00-23:59 more"),
    ],
)
def test_a_no_of_something_else_turns_nothing_round(text, kept):
    assert written(read("MX", text)).removesuffix(" more") == kept.removesuffix(" more")
    assert read("MX", text).more or not kept.endswith("more")


@pytest.mark.parametrize("country", ["MX", "CO", "AR", "CL", "PE", "ES"])
def test_spanish_means_the_same_in_every_country(country):
    wish = read(country, "Solo por correo, de lunes a viernes despues de las 6")
    assert wish == ContactWish("email", (time(18), time(23, 59)), (1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("solo por coreo electronico", ""),
        ("soloo por watsap porfaa", "whatsapp"),
        ("escribanme dspues de las 6", "18:00-23:59"),
        ("solo los savados", "days=6"),
        ("no me escriban asta el viernes", "until=2026-11-20"),
        ("no me escriban hasta el miercles", "until=2026-11-25"),
        ("ESCRÍBANME DESPUÉS DE LAS SEIS", "18:00-23:59"),
    ],
)
def test_slips_of_the_thumb_are_read_or_left_alone(text, meant):
    assert written(read("MX", text)) == meant


def test_the_chat_itself_can_be_asked_for():
    assert read("CO", "solo por aquí").channel == HERE


def test_until_a_weekday_said_on_that_day_is_the_next_one():
    said = read_contact_wish(
        "no me escriban hasta el lunes", country="CL", today=date(2026, 11, 23)
    )
    assert said.silent_until == date(2026, 11, 30)


def test_a_day_too_far_away_is_for_a_person():
    wish = read("MX", "no me escriban hasta el 15 de enero de 2031")
    assert wish.silent_until is None and wish.more


@given(st.integers(25, 100_000), st.sampled_from(["", " pesos", " reais", " cuotas"]))
def test_an_amount_is_never_a_time_a_day_or_a_number_of_messages(number, unit):
    for text in (
        f"no puedo pagar más de {number}{unit}",
        f"não posso pagar mais de {number}{unit}",
        f"i can't pay more than {number}{unit}",
        f"puedo pagar {number}{unit} por semana",
        f"solo puedo {number}{unit}",
    ):
        assert not read("MX", text), text


@given(st.integers(1, 24), st.sampled_from(["cuotas", "pagos", "parcelas", "payments", "mil"]))
def test_a_number_of_payments_is_no_time_of_day(number, unit):
    for text in (
        f"de {number} a 12 {unit}",
        f"from 2 to {number} {unit}",
        f"after {number} {unit}",
    ):
        assert not read("MX", text).hours, text


_WORDS = st.sampled_from(
    [
        *(
            "no",
            "nao",
            "not",
            "hasta",
            "até",
            "until",
            "antes",
            "después",
            "de",
            "del",
            "las",
            "el",
        ),
        *(
            "a",
            "y",
            "entre",
            "9",
            "12",
            "15",
            "18h",
            "6pm",
            "lunes",
            "sexta",
            "monday",
            "solo",
            "só",
        ),
        *("correo", "zap", "telegram", "por", "fin", "semana", "una", "vez", "week", "escriban"),
        *(
            "manden",
            "llamen",
            "trabajo",
            ",",
            ".",
            "!",
            "?",
            "•",
            "31/12",
            "99:99",
            "24",
            "0",
            "25h",
        ),
        *("feb", "mañana", "tarde", "menos"),
    ]
)


@given(st.text(max_size=80) | st.lists(_WORDS, max_size=14).map(" ".join))
def test_nothing_that_is_typed_raises_and_what_is_read_can_be_kept(text):
    for country in ("MX", "BR", "US"):
        wish = read(country, text)
        assert wish.a_week is None or 1 <= wish.a_week <= 7
        assert set(wish.weekdays or ()) <= set(range(1, 8))
        assert wish.silent_until is None or wish.silent_until > THURSDAY
        assert wish.channel in {None, "email", "whatsapp", "telegram", HERE}
