// The console's only script. Every text from a debtor enters the page through textContent.
"use strict";

(() => {
  const LIVE_EVERY = 2000;
  const LIST_EVERY = 5000;
  const HIDDEN_EVERY = 10000;
  const texts = JSON.parse(document.body.dataset.texts || "{}");
  const language = document.documentElement.lang || "es";
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

  // --- times -----------------------------------------------------------------------------------
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });

  function showTime(element, iso) {
    const at = new Date(iso);
    const today = at.toDateString() === new Date().toDateString();
    element.dateTime = iso;
    element.textContent = today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
    element.title = full.format(at);
  }

  function duration(seconds) {
    const minutes = Math.floor(Math.max(seconds, 0) / 60);
    if (minutes < 1) return texts.less_than_a_minute;
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
    return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  }

  function stopwatch(seconds) {
    const whole = Math.max(Math.floor(seconds), 0);
    if (whole >= 3600) return duration(whole);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }

  document.querySelectorAll("time[data-time]").forEach((e) => showTime(e, e.dateTime));

  // --- asking the server -----------------------------------------------------------------------
  function signIn() {
    location.assign(`/console/login?then=${encodeURIComponent(location.pathname)}`);
  }

  // Runs `work` again and again, never twice at a time, slower while nobody looks or it fails.
  function every(milliseconds, work) {
    let failures = 0;
    let timer = 0;
    let running = false;
    let again = false;
    let over = false;
    const run = async () => {
      clearTimeout(timer);
      if (over) return;
      if (running) {
        again = true;
        return;
      }
      running = true;
      try {
        over = (await work()) === false;
        failures = 0;
      } catch {
        failures += 1;
      }
      running = false;
      const offline = byId("offline");
      if (offline) offline.hidden = failures < 2;
      if (over) return;
      const pace = document.hidden ? Math.max(HIDDEN_EVERY, milliseconds) : milliseconds;
      timer = setTimeout(run, again ? 0 : pace * Math.min(2 ** failures, 8));
      again = false;
    };
    document.addEventListener("visibilitychange", () => document.hidden || run());
    timer = setTimeout(run, milliseconds);
    return run;
  }

  // --- lists that keep themselves fresh ----------------------------------------------------------
  const baseTitle = document.title;
  let unseen = 0;

  function showTitle(waiting) {
    const count = unseen || waiting;
    document.title = count ? `(${count}) ${baseTitle}` : baseTitle;
  }

  async function refresh(id) {
    const old = byId(id);
    const answer = await fetch(old.dataset.live, {
      headers: { Accept: "text/html" },
      credentials: "same-origin",
    });
    if (answer.redirected) {
      signIn();
      return false;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = parsed.getElementById(id);
    if (!fresh || fresh.innerHTML === old.innerHTML) return true;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(document.adoptNode(fresh));
    if (focused) byId(focused)?.focus({ preventScroll: true });
    if (!byId("bubbles")) showTitle(Number(fresh.dataset.waiting));
    return true;
  }

  for (const id of ["list", "rail"]) {
    if (byId(id)) every(LIST_EVERY, () => refresh(id));
  }
  if (byId("list")) showTitle(Number(byId("list").dataset.waiting));

  // --- work under way: looked at until it is done; then the page is asked for anew ----------------
  function isWritingHere() {
    const typed = [...document.querySelectorAll("input[type=text], input[type=number], textarea")];
    return typed.some((e) => e.value !== e.defaultValue) || document.querySelector("details[open]");
  }
  if (byId("progress")?.dataset.busy) {
    every(LIVE_EVERY, async () => {
      if (!(await refresh("progress"))) return false;
      if (byId("progress").dataset.busy) return true;
      const ready = document.querySelector(".work__ready");
      if (isWritingHere() && ready) ready.hidden = false;
      else location.replace(ready?.querySelector("a").href ?? location.href);
      return false;
    });
  }

  // --- a conversation ----------------------------------------------------------------------------
  const thread = document.querySelector("[data-conversation]");
  if (!thread) return;

  const scroll = byId("scroll");
  const bubbles = byId("bubbles");
  const template = byId("bubble-template");
  let last = Number(thread.dataset.last);
  let skew = new Date(thread.dataset.now) - Date.now();
  let wait = byId("sla").dataset.since
    ? { since: byId("sla").dataset.since, target: Number(byId("sla").dataset.target) }
    : null;

  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  toEnd();
  addEventListener("load", toEnd);

  function showState(item, state, text) {
    const mark = item.querySelector(".bubble__state");
    if (!mark || !state) return;
    mark.className = `bubble__state bubble__state--${state}`;
    mark.textContent = text;
  }

  function add(message) {
    if (bubbles.querySelector(`[data-seq="${Number(message.seq)}"]`)) return;
    const item = template.content.firstElementChild.cloneNode(true);
    item.classList.add(`bubble--${message.author}`, "bubble--fresh");
    item.dataset.seq = message.seq;
    const who = item.querySelector(".bubble__who");
    who.textContent = message.who + (message.pressed ? ` · ${texts.pressed}` : "");
    const text = item.querySelector(".bubble__text");
    text.lang = thread.dataset.language;
    text.textContent = message.text;
    for (const file of message.files) {
      const link = document.createElement("a");
      link.href = `/console/files/${encodeURIComponent(file.id)}`;
      if (file.kind === "photo") {
        const small = document.createElement("img");
        small.src = `${link.href}?thumb=1`;
        small.alt = "";
        link.append(small);
      }
      link.append(file.label);
      const line = document.createElement("p");
      line.className = "bubble__file";
      line.append(link);
      text.before(line);
    }
    text.hidden = message.files.length > 0;
    const titles = [...message.buttons, ...message.links];
    if (titles.length) {
      const list = document.createElement("ul");
      list.className = "bubble__options";
      list.setAttribute("aria-label", texts.options_shown);
      for (const title of titles) {
        const option = document.createElement("li");
        option.textContent = title;
        list.append(option);
      }
      text.after(list);
    }
    showTime(item.querySelector("time"), message.at);
    showState(item, message.state, message.state_text);
    bubbles.append(item);
    if (message.author === "debtor" && document.hidden) unseen += 1;
  }

  function warn(text) {
    const changed = byId("changed");
    changed.querySelector("span").textContent = text;
    changed.hidden = false;
    const send = byId("reply-send");
    if (send) send.disabled = true;
  }

  async function poll() {
    const answer = await fetch(`/console/c/${thread.dataset.conversation}/messages?after=${last}`, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    if (answer.status === 401) {
      const box = byId("reply-text");
      if (!box || !box.value.trim()) signIn();
      else warn(texts.session_over);
      return false;
    }
    if (answer.status === 404) {
      warn(texts.gone);
      return false;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const news = await answer.json();
    const stay = atEnd();
    for (const message of news.messages) {
      add(message);
      last = Math.max(last, message.seq);
    }
    for (const [seq, [state, text]] of Object.entries(news.states)) {
      const item = bubbles.querySelector(`[data-seq="${Number(seq)}"]`);
      if (item) showState(item, state, text);
    }
    if (news.messages.length && stay) toEnd();
    skew = new Date(news.now) - Date.now();
    wait = news.wait;
    showClock();
    showTitle(0);
    const changed = news.holder !== thread.dataset.holder || news.red !== Boolean(thread.dataset.red);
    if (changed) {
      const box = byId("reply-text");
      if (box && box.value.trim()) warn(texts.changed);
      else location.reload();
      return false;
    }
    return true;
  }

  const pollNow = every(LIVE_EVERY, poll);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) unseen = 0;
  });

  // --- how long the debtor has waited --------------------------------------------------------------
  function showClock() {
    const sla = byId("sla");
    if (!wait) {
      if (thread.dataset.holder === "bot") return;
      if (sla.dataset.idle) return;
      const idle = document.createElement("span");
      idle.className = "clock clock--idle";
      idle.textContent = texts.answered;
      const turn = document.createElement("span");
      turn.className = "sla__target";
      turn.textContent = texts.their_turn;
      sla.replaceChildren(idle, " ", turn);
      sla.dataset.idle = "1";
      return;
    }
    const seconds = (Date.now() + skew - new Date(wait.since)) / 1000;
    const late = seconds >= wait.target;
    const urgency = late ? "late" : seconds >= wait.target * 0.6 ? "soon" : "calm";
    const face = document.createElement("span");
    face.className = `clock clock--${urgency}`;
    const label = document.createElement("span");
    label.className = "clock__label";
    label.textContent = texts.waits;
    const time = document.createElement("span");
    time.className = "clock__time";
    time.textContent = stopwatch(seconds);
    face.append(label, " ", time);
    const target = document.createElement("span");
    target.className = "sla__target";
    target.textContent = fill(late ? texts.clock_late : texts.clock_target, {
      wait: duration(wait.target),
    });
    sla.replaceChildren(face, " ", target);
    delete sla.dataset.idle;
  }
  showClock();
  setInterval(showClock, 1000);

  // --- writing ---------------------------------------------------------------------------------------
  const form = byId("reply-form");
  const box = byId("reply-text");
  if (form && box) {
    const send = byId("reply-send");
    const error = byId("reply-error");
    const longest = Number(box.dataset.longest);
    const count = () => [...box.value].length;
    let sending = false;

    const say = (text) => {
      error.textContent = text;
      error.hidden = !text;
    };
    const grow = () => {
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight + 2, 220)}px`;
    };
    const check = () => {
      const length = count();
      const place = byId("reply-count");
      place.textContent = length > longest * 0.8 ? fill(texts.characters, { count: length }) : "";
      place.classList.toggle("is-bad", length > longest);
      say(length > longest ? texts.reply_too_long : "");
      grow();
    };
    box.addEventListener("input", check);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (sending || send.disabled) return;
      if (!box.value.trim()) return say(texts.reply_empty);
      if (count() > longest) return say(texts.reply_too_long);
      sending = true;
      send.disabled = true;
      send.textContent = texts.sending;
      box.readOnly = true;
      say("");
      try {
        const answer = await fetch(form.action, {
          method: "POST",
          headers: { Accept: "application/json" },
          credentials: "same-origin",
          body: new URLSearchParams(new FormData(form)),
        });
        const told = await answer.json();
        if (answer.ok) {
          form.elements.nonce.value = told.nonce;
          box.value = "";
          check();
          toEnd();
          pollNow();
        } else {
          say(told.error);
        }
      } catch {
        say(texts.reply_not_sent); // same text, same nonce: trying again cannot write twice
      } finally {
        sending = false;
        send.disabled = !byId("changed").hidden;
        send.textContent = texts.send;
        box.readOnly = false;
        box.focus();
      }
    });

    addEventListener("beforeunload", (event) => {
      if (box.value.trim()) event.preventDefault();
    });
    grow();
    if (matchMedia("(min-width: 860px)").matches) box.focus();
  }

  // --- forms that must not be sent twice, the dialog, small screens ---------------------------------
  for (const once of document.querySelectorAll("#take-form, #return-dialog form")) {
    once.addEventListener("submit", (event) => {
      if (event.submitter?.value === "cancel") return;
      if (box) box.value = "";
      once.querySelectorAll("button").forEach((b) => setTimeout(() => { b.disabled = true; }));
    });
  }
  const dialog = byId("return-dialog");
  if (dialog) {
    if (!("command" in HTMLButtonElement.prototype)) {
      byId("return-open").addEventListener("click", () => dialog.showModal());
    }
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
  if (!matchMedia("(min-width: 860px)").matches) byId("facts").open = false;
  const passing = document.querySelector("[data-passing]");
  if (passing) {
    history.replaceState(null, "", location.pathname);
    setTimeout(() => passing.remove(), 6000);
  }
})();
