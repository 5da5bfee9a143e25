/*
 * Acuerdo web chat: the browser side of "Abrir chat".
 *
 *   <script src="https://HOST/widget.js" data-creditor="PUBLIC_KEY" data-lang="es" async></script>
 *
 * Optional: data-token (signed by the creditor), data-open="true", data-color="#0f766e".
 * It works under a host page's policy as strict as
 *   default-src 'none'; script-src HOST; connect-src HOST wss://HOST; style-src 'none'
 * for it is made by DOM calls in a shadow root, with a constructed style sheet, and colours are
 * set through CSSOM. Whatever the server sends is shown as text, never as markup.
 */
(() => {
  "use strict";

  const list = (value) => (Array.isArray(value) ? value : []);
  const warn = (text) => console.warn(`[Acuerdo] ${text}`);
  const script =
    document.currentScript || document.querySelector('script[src*="/widget.js"][data-creditor]');
  if (window.Acuerdo && typeof window.Acuerdo.open === "function") return; // one widget a page
  const creditor = script && script.dataset.creditor;
  if (!creditor) return warn('the script needs data-creditor="PUBLIC_KEY".');
  if (!("adoptedStyleSheets" in Document.prototype)) return warn("this browser is too old for the chat.");

  const HOME = new URL("chat/v1/", new URL(".", script.src)).href;
  const KEY = `acuerdo:${creditor}`;
  const LIMIT = 4000; // characters in one message
  const LARGEST = 10 * 1024 * 1024; // bytes of one file
  const DAY = 24 * 3600e3;
  const DEFAULT_COLOR = [15, 118, 110];
  let token = script.dataset.token || null;

  // ------------------------------------------------------------------ words

  const TEXTS = {
    es: {
      locale: "es",
      open: "Abrir chat",
      chat: (brand) => `Chat con ${brand}`,
      bot: "Asistente virtual",
      person: "Persona del equipo",
      minimise: "Minimizar chat",
      language: "Idioma",
      log: "Conversación",
      quick: "Respuestas rápidas",
      placeholder: "Escribe tu mensaje",
      send: "Enviar",
      typing: "Escribiendo…",
      connecting: "Conectando…",
      you: "Tú",
      sending: "Enviando…",
      sent: "Enviado",
      read: "Leído",
      failed: "No se envió.",
      retry: "Reintentar",
      offline: "Sin conexión. Tu mensaje se enviará al volver.",
      today: "Hoy",
      yesterday: "Ayer",
      newTab: "se abre en otra pestaña",
      newer: "Mensajes nuevos",
      left: (n) => `Te quedan ${n}`,
      over: (n) => `Es un poco largo: sobran ${n}`,
      unread: (n) => (n === 1 ? "1 mensaje nuevo" : `${n} mensajes nuevos`),
      attach: "Adjuntar foto o PDF",
      remove: "Quitar el archivo",
      photo: "Foto",
      pdf: "PDF",
      download: "Descargar",
      uploading: (n) => `Subiendo: ${n} %`,
      checking: "Revisando el archivo…",
      noUpload: "No se pudo subir. Revisa la conexión y prueba otra vez.",
      notNow: "Para abrirlo, confirma antes quién eres en el chat.",
      refused: {
        file_too_large: "Pesa más de 10 MB. Prueba con una foto más pequeña.",
        file_not_image_or_pdf: "Solo puedo recibir fotos (JPG, PNG, WebP) y PDF.",
        file_heic: "Esta foto está en formato HEIC. Haz una captura de pantalla y envíala.",
        file_locked: "Este PDF tiene contraseña. Envíalo sin ella, o una foto.",
        too_many_files: "Recibí muchos archivos seguidos. Espera un rato y prueba otra vez.",
        other: "No pude leer este archivo. Prueba con otra foto o con el PDF.",
      },
    },
    pt: {
      locale: "pt-BR",
      open: "Abrir chat",
      chat: (brand) => `Chat com ${brand}`,
      bot: "Assistente virtual",
      person: "Pessoa da equipe",
      minimise: "Minimizar chat",
      language: "Idioma",
      log: "Conversa",
      quick: "Respostas rápidas",
      placeholder: "Escreva sua mensagem",
      send: "Enviar",
      typing: "Digitando…",
      connecting: "Conectando…",
      you: "Você",
      sending: "Enviando…",
      sent: "Enviada",
      read: "Lida",
      failed: "Não foi enviada.",
      retry: "Tentar de novo",
      offline: "Sem conexão. Sua mensagem será enviada quando voltar.",
      today: "Hoje",
      yesterday: "Ontem",
      newTab: "abre em outra aba",
      newer: "Novas mensagens",
      left: (n) => `Restam ${n}`,
      over: (n) => `Ficou um pouco longa: passou ${n}`,
      unread: (n) => (n === 1 ? "1 mensagem nova" : `${n} mensagens novas`),
      attach: "Anexar foto ou PDF",
      remove: "Tirar o arquivo",
      photo: "Foto",
      pdf: "PDF",
      download: "Baixar",
      uploading: (n) => `Enviando: ${n}%`,
      checking: "Conferindo o arquivo…",
      noUpload: "Não foi possível enviar. Confira a conexão e tente de novo.",
      notNow: "Para abrir, confirme antes quem é você no chat.",
      refused: {
        file_too_large: "Tem mais de 10 MB. Tente uma foto menor.",
        file_not_image_or_pdf: "Só posso receber fotos (JPG, PNG, WebP) e PDF.",
        file_heic: "Esta foto está no formato HEIC. Faça uma captura de tela e envie.",
        file_locked: "Este PDF tem senha. Envie sem ela, ou uma foto.",
        too_many_files: "Recebi muitos arquivos seguidos. Espere um pouco e tente de novo.",
        other: "Não consegui ler este arquivo. Tente outra foto ou o PDF.",
      },
    },
    en: {
      locale: "en",
      open: "Open chat",
      chat: (brand) => `Chat with ${brand}`,
      bot: "Virtual assistant",
      person: "A person from the team",
      minimise: "Minimise chat",
      language: "Language",
      log: "Conversation",
      quick: "Quick replies",
      placeholder: "Write your message",
      send: "Send",
      typing: "Typing…",
      connecting: "Connecting…",
      you: "You",
      sending: "Sending…",
      sent: "Sent",
      read: "Read",
      failed: "Not sent.",
      retry: "Try again",
      offline: "You’re offline. Your message will be sent when you’re back.",
      today: "Today",
      yesterday: "Yesterday",
      newTab: "opens in a new tab",
      newer: "New messages",
      left: (n) => `${n} left`,
      over: (n) => `A bit long: ${n} too many`,
      unread: (n) => (n === 1 ? "1 new message" : `${n} new messages`),
      attach: "Attach a photo or PDF",
      remove: "Remove the file",
      photo: "Photo",
      pdf: "PDF",
      download: "Download",
      uploading: (n) => `Uploading: ${n}%`,
      checking: "Checking the file…",
      noUpload: "It couldn’t be uploaded. Check your connection and try again.",
      notNow: "To open it, first confirm in the chat who you are.",
      refused: {
        file_too_large: "It’s over 10 MB. Try a smaller photo.",
        file_not_image_or_pdf: "I can only take photos (JPG, PNG, WebP) and PDFs.",
        file_heic: "This photo is in HEIC format. Take a screenshot of it and send that.",
        file_locked: "This PDF has a password. Send it without one, or send a photo.",
        too_many_files: "That’s a lot of files in a row. Wait a while and try again.",
        other: "I couldn’t read this file. Try another photo, or the PDF.",
      },
    },
  };
  const LANGUAGES = { es: "Español", pt: "Português", en: "English" };
  const known = (tag) => {
    const two = String(tag || "").slice(0, 2).toLowerCase();
    return TEXTS[two] ? two : null;
  };

  // ---------------------------------------------------------------- storage

  // localStorage may be forbidden or full: then what would be kept lives as long as the page.
  const memory = new Map();
  const storage = {
    get(key) {
      try {
        return localStorage.getItem(key) ?? memory.get(key);
      } catch {
        return memory.get(key);
      }
    },
    /** No value: forget it. */
    set(key, value) {
      memory.delete(key);
      try {
        if (value) localStorage.setItem(key, value);
        else localStorage.removeItem(key);
      } catch {
        if (value) memory.set(key, value);
      }
    },
    json(key) {
      try {
        return JSON.parse(this.get(key));
      } catch {
        return null;
      }
    },
  };

  // Language of the words around the chat, the conversation's own when last heard of, whether the
  // chat was ever opened here, the last message read.
  const prefs = { lang: null, heard: null, met: false, read: 0, ...storage.json(`${KEY}:ui`) };
  const remember = (changes) => {
    Object.assign(prefs, changes);
    storage.set(`${KEY}:ui`, JSON.stringify(prefs));
  };

  // Messages not acknowledged yet. Read before every write, for another tab may have its own.
  const unsent = {
    all: () => list(storage.json(`${KEY}:unsent`)).filter((entry) => entry?.client_id),
    /** Replaces the entry `id` by `entry`, or by nothing. */
    put(id, entry) {
      const kept = this.all().filter((other) => other.client_id !== id);
      if (entry) kept.push(entry);
      storage.set(`${KEY}:unsent`, kept.length && JSON.stringify(kept));
    },
  };

  // ------------------------------------------------------------------ state

  let lang = known(prefs.lang) || known(script.dataset.lang) || known(navigator.language) || "es";
  let say = TEXTS[lang];
  let locale = say.locale; // how dates are written
  let session = null;
  let config = {};
  let owner = "bot";
  let connected = true; // the last we heard; the notice shows when it is false
  let caughtUp = false; // the history was fetched since the session was opened
  let active = prefs.met || unsent.all().length > 0; // talk to the server beyond the session
  let suspended = false; // the page is in the back/forward cache
  let opened = false;
  let wantOpen = false; // asked to open before the session was there
  let floor = 0; // every message up to this seq is here
  let readByOther = 0; // own messages up to this seq were read
  let live = null; // the open socket, when there is one

  const items = []; // everything in the log, in order
  const bySeq = new Map();
  const byClient = new Map();
  let births = 0;

  // ----------------------------------------------------------------- timing

  const sleepers = new Set();
  /** Wait, but wake at once when something hopeful happens (see `nudge`). */
  const sleep = (ms) =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      sleepers.add(wake);
    });
  const nudge = () => [...sleepers].forEach((wake) => wake());
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms)); // not to be cut short
  const backoff = (tries) => Math.min(30e3, 500 * 2 ** tries) * (0.5 + Math.random() / 2);

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const random = () => crypto.getRandomValues(new Uint8Array(1))[0]; // a page without TLS
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ (random() & (15 >> (digit / 4)))).toString(16),
    );
  }

  // ------------------------------------------------------------------- HTTP

  let polling = null; // the long poll under way

  /** Returns {status, data, retry}; status 0 when nothing came back. Never throws. */
  async function api(method, path, body, wait = 0) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), (wait + 15) * 1000);
    if (wait) polling = abort;
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (session) headers.Authorization = `Bearer ${session}`;
    try {
      const response = await fetch(HOME + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: abort.signal,
      });
      const data = await response.json().catch(() => null);
      const after = Number(response.headers.get("Retry-After"));
      if (response.status < 500) setConnected(true);
      return {
        status: response.status,
        data: data || {},
        retry: Math.min(3600, after > 0 ? after : 3) * 1000,
      };
    } catch {
      return { status: 0, data: {}, retry: 0 };
    } finally {
      clearTimeout(timer);
      if (polling === abort) polling = null;
    }
  }

  /** Asking again the same way would bring the same answer. */
  const permanent = (status) => status >= 400 && status < 500 && status !== 408 && status !== 429;

  // ---------------------------------------------------------------- session

  /** Makes or resumes the session, however long that takes; false when it may not be had. */
  async function openSession() {
    for (let tries = 0; ; ) {
      const mine = storage.get(KEY);
      const body = { creditor, lang };
      if (token) body.token = token;
      if (mine) body.session = mine;
      const { status, data, retry } = await api("POST", "sessions", body);
      if (status === 200 && typeof data.session === "string") {
        if (data.session !== mine) remember({ read: 0 });
        session = data.session;
        storage.set(KEY, session);
        config = data.config || {};
        return true;
      }
      if (status === 401 && mine) {
        if (storage.get(KEY) === mine) storage.set(KEY); // another tab may have a newer one
      } else if (status === 401 && token) {
        warn("data-token was refused; going on without it.");
        token = null;
      } else if (status === 403) {
        warn(`${location.origin} may not show this chat: add it to the sites of "${creditor}".`);
        return false;
      } else if (permanent(status) && status !== 401) {
        warn(`the chat of "${creditor}" cannot be opened (${status}). Check data-creditor.`);
        return false;
      } else {
        if (mine) reveal(); // a refused site never got a session, so this one is welcome
        setConnected(false);
        await (status === 429 ? rest(retry) : sleep(backoff(tries++)));
      }
    }
  }

  let renewing = null;
  /** The server no longer knows `dead`: get another session, once for all who ask. */
  function renew(dead) {
    if (session && session !== dead) return Promise.resolve();
    renewing ??= (async () => {
      session = null;
      if (storage.get(KEY) === dead) storage.set(KEY);
      live?.close();
      if (await openSession()) {
        forgetMessages();
        configure();
      } else {
        retire();
      }
      renewing = null;
      nudge();
    })();
    return renewing;
  }

  function forgetMessages() {
    for (const item of items.splice(0)) {
      if (item.state !== "sent" && item.from === "debtor") items.push(item);
      else item.node?.remove();
    }
    bySeq.clear();
    byClient.clear();
    for (const item of items) byClient.set(item.client_id, item);
    floor = readByOther = 0;
    receipts.sent = "";
    caughtUp = false;
    layout();
  }

  // --------------------------------------------------------------- messages

  /** Takes in a message of the server's, whether new, repeated or out of order. */
  function merge(message) {
    if (!message || !Number.isSafeInteger(message.seq)) return;
    const own = message.from === "debtor" && message.client_id;
    let item = (own && byClient.get(message.client_id)) || bySeq.get(message.seq);
    if (item?.whole) return;
    if (!item) {
      item = { order: ++births };
      items.push(item);
    }
    Object.assign(item, {
      whole: true,
      seq: message.seq,
      from: message.from,
      name: message.name || "",
      text: String(message.text || item.text || ""),
      buttons: list(message.buttons),
      links: list(message.links),
      files: list(message.files),
      at: validDate(message.at) || item.at || new Date(),
      state: "sent",
    });
    bySeq.set(item.seq, item);
    if (own) acknowledged(message.client_id, message.seq);
    if (item.from !== "debtor" && active && caughtUp) arrived();
  }

  /** The server has this message of ours. */
  function acknowledged(id, seq) {
    unsent.put(id);
    const item = byClient.get(id);
    if (item && Number.isSafeInteger(seq)) {
      const twin = bySeq.get(seq); // came as a message that did not name its client_id
      if (twin && twin !== item) items.splice(items.indexOf(twin), 1);
      item.seq = seq;
      item.state = "sent";
      bySeq.set(seq, item);
    }
    waiting.get(id)?.();
  }

  /** After messages were taken in: how far we know all, what shows, what is read. */
  function settle(authoritative = 0) {
    floor = Math.max(floor, authoritative);
    while (bySeq.has(floor + 1)) floor += 1;
    layout();
    receipts.note();
    // A number is missing: frames came out of order, or one was lost. Ask if it does not come.
    if (caughtUp && bySeq.size && Math.max(...bySeq.keys()) > floor) {
      clearTimeout(settle.timer);
      settle.timer = setTimeout(() => {
        if (Math.max(...bySeq.keys()) > floor) fetchMessages(0);
      }, 800);
    }
  }

  /** One GET; true when it brought an answer. */
  async function fetchMessages(wait) {
    const asked = session;
    const path = `messages?after=${floor}&wait=${wait}`;
    const { status, data, retry } = await api("GET", path, null, wait);
    if (asked !== session) return true;
    if (status === 401) {
      await renew(asked);
      return true;
    }
    if (status === 429) {
      await rest(retry);
      return true;
    }
    if (status === 403) retire(); // the site was struck off
    if (status !== 200) return false;
    readByOther = Math.max(readByOther, Number(data.read) || 0);
    const messages = list(data.messages);
    messages.forEach(merge);
    caughtUp = true;
    setOwner(data.owner);
    follow(data.language);
    setTyping(Boolean(data.typing));
    settle(Math.max(0, ...messages.map((message) => message?.seq).filter(Number.isSafeInteger)));
    return true;
  }

  // What we received and what was looked at, told to the server a moment later.
  const receipts = {
    sent: "",
    timer: 0,
    note() {
      let delivered = 0;
      for (const item of items) {
        if (item.from !== "debtor" && item.seq <= floor) delivered = Math.max(delivered, item.seq);
      }
      if (opened && document.visibilityState === "visible" && delivered > prefs.read) {
        remember({ read: delivered });
      }
      showUnread();
      this.due = { delivered, read: Math.min(prefs.read, delivered) };
      if (!delivered || !active || JSON.stringify(this.due) === this.sent) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), 300);
    },
    async flush() {
      const due = this.due;
      const text = JSON.stringify(due);
      if (!session || text === this.sent) return;
      this.sent = text;
      if (live?.send({ type: "receipt", ...due })) return;
      const { status } = await api("POST", "receipts", due);
      if (status < 200 || status > 299) this.sent = "";
    },
  };

  // ---------------------------------------------------------------- sending

  const waiting = new Map(); // client_id -> called when acknowledged, refused or cut off
  let pumping = false;

  /** A message of the debtor's, on its way. */
  function compose(client_id, content, text, at, state) {
    const item = { order: ++births, from: "debtor", client_id, content, text, at, state };
    Object.assign(item, { buttons: [], links: [], files: [] });
    items.push(item);
    byClient.set(client_id, item);
    return item;
  }

  const keep = ({ client_id, content, text, at }) =>
    unsent.put(client_id, { client_id, content, text, at: at.toISOString() });

  function send(content, shown) {
    keep(compose(uuid(), content, shown, new Date(), "sending"));
    layout();
    scrollDown();
    pump();
  }

  /** Puts back what an earlier page could not send. What is older than a day waits for "retry". */
  function restoreUnsent() {
    for (const { client_id, content, text, at } of unsent.all()) {
      const when = validDate(at) || new Date();
      const state = Date.now() - when > DAY ? "failed" : "sending";
      if (content) compose(client_id, content, String(text), when, state);
    }
    layout();
  }

  /** Sends what is to be sent, one after another so that the order stays, until all is through. */
  async function pump() {
    if (pumping) return;
    pumping = true;
    let tries = 0;
    for (;;) {
      const item = items.find((each) => each.from === "debtor" && each.state === "sending");
      if (!item || retired) break;
      const outcome = session ? await deliver(item) : "again";
      if (item.state === "sent") tries = 0;
      else if (outcome === "refused") item.state = "failed";
      else if (outcome === "again") {
        item.stuck = ++tries > 3;
        layout();
        await sleep(backoff(tries));
      }
      settle();
    }
    pumping = false;
  }

  async function deliver(item) {
    const { client_id: id, content } = item;
    const asked = session;
    if (live?.send({ type: "send", client_id: id, ...content })) {
      await new Promise((resolve) => {
        waiting.set(id, resolve);
        setTimeout(resolve, 6000);
      });
      waiting.delete(id);
      if (item.state === "sent") return "done";
    }
    // No socket, or it kept silent, or it said no: the plain way, which also says why not.
    const { status, data, retry } = await api("POST", "messages", { client_id: id, ...content });
    if (item.state === "sent") return "done";
    if (status === 200 || status === 202) {
      acknowledged(id, data.seq);
      item.state = "sent";
      return "done";
    }
    if (status === 401) {
      await renew(asked);
      return "later";
    }
    if (status === 429) {
      await rest(retry);
      return "later";
    }
    if (permanent(status)) {
      warn(`a message was refused (${status}): ${data.message || data.error}`);
      unsent.put(id);
      announce(say.failed);
      return "refused";
    }
    setConnected(false);
    return "again";
  }

  function retry(item) {
    if (item.state === "failed") {
      item.state = "sending";
      keep(item);
    }
    item.stuck = false;
    layout();
    pump();
    nudge();
  }

  // ------------------------------------------------------------------ files

  // The one file chosen and not sent yet: {client_id, file, kind, request, problem}.
  let chosen = null;

  function choose(file) {
    if (!file || chosen?.request) return;
    dropChosen();
    const photo = file.type.startsWith("image/");
    const fits = photo || file.type === "application/pdf";
    const problem = file.size > LARGEST ? "file_too_large" : fits ? "" : "file_not_image_or_pdf";
    chosen = { client_id: uuid(), file, kind: photo ? "photo" : "pdf", problem };
    if (photo && !problem) draw(file, ui.preview);
    showChosen();
    if (problem) announce(ui.trayText.textContent);
    ui.go.focus({ preventScroll: true });
  }

  function dropChosen() {
    const request = chosen?.request;
    chosen = null;
    request?.abort();
    showChosen();
  }

  /** Sends the chosen file. The same client_id until it is through: twice sent is once received. */
  function upload() {
    const mine = chosen;
    const asked = session;
    if (!mine || mine.request || !session || (mine.problem && mine.problem !== "line")) return;
    const request = (mine.request = new XMLHttpRequest()); // fetch does not tell how far it is
    const over = (problem) => {
      if (chosen !== mine) return; // taken back meanwhile
      Object.assign(mine, { request: null, problem });
      showChosen();
      announce(ui.trayText.textContent);
    };
    mine.problem = "";
    mine.share = 0;
    request.open("POST", `${HOME}files?client_id=${mine.client_id}`);
    request.setRequestHeader("Authorization", `Bearer ${session}`);
    request.setRequestHeader("Content-Type", mine.file.type || "application/octet-stream");
    request.responseType = "json";
    request.timeout = 180e3;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      if (total) mine.share = loaded / total;
      showChosen();
    });
    request.addEventListener("loadend", async () => {
      const { status } = request;
      if (status === 202) {
        if (chosen !== mine) return;
        sentPhotos.set(mine.client_id, mine.file);
        chosen = null;
        showChosen();
        announce(say.sent);
        if (!live) fetchMessages(0);
        return;
      }
      if (status === 401) await renew(asked);
      const code = request.response?.error;
      const again = status === 401 || status === 429 || !permanent(status);
      over(say.refused[code] ? code : again ? "line" : "other");
    });
    showChosen();
    request.send(mine.file);
  }

  function showChosen() {
    const { file, kind, request, problem, share } = chosen || {};
    ui.tray.hidden = !chosen;
    ui.preview.hidden = kind !== "photo" || Boolean(problem && problem !== "line");
    ui.trayIcon.toggleAttribute("hidden", !ui.preview.hidden);
    ui.bar.hidden = !request;
    ui.bar.value = share || 0;
    ui.tray.classList.toggle("bad", Boolean(problem));
    const percent = Math.round((share || 0) * 100);
    write(ui.trayName, file ? `${file.name || say[kind]} · ${size(file.size)}` : "");
    const doing = request ? (percent < 100 ? say.uploading(percent) : say.checking) : "";
    write(ui.trayText, problem === "line" ? say.noUpload : say.refused[problem] || doing);
    aria(ui.bar, "label", say.uploading(percent));
    showCount();
  }

  const size = (bytes) =>
    bytes < 1e6
      ? `${Math.max(1, Math.round(bytes / 1e3)).toLocaleString(locale)} kB`
      : `${(bytes / 1e6).toLocaleString(locale, { maximumFractionDigits: 1 })} MB`;

  /** Puts a photo on a canvas: what a page's policy forbids as an image it does not forbid there. */
  async function draw(blob, canvas) {
    try {
      const full = await createImageBitmap(blob);
      const scale = Math.min(1, 440 / Math.max(full.width, full.height));
      canvas.width = Math.max(1, Math.round(full.width * scale));
      canvas.height = Math.max(1, Math.round(full.height * scale));
      canvas.getContext("2d").drawImage(full, 0, 0, canvas.width, canvas.height);
      full.close();
      return true;
    } catch {
      return false;
    }
  }

  const sentPhotos = new Map(); // client_id -> the photo as it was chosen on this page

  async function fetchFile(id, small) {
    try {
      const response = await fetch(`${HOME}files/${encodeURIComponent(id)}${small ? "?thumb=1" : ""}`, {
        headers: { Authorization: `Bearer ${session}` },
        credentials: "omit",
        cache: "no-store",
      });
      return response.ok ? await response.blob() : null;
    } catch {
      return null;
    }
  }

  async function download(id, kind) {
    const blob = session && (await fetchFile(id));
    if (!blob) return announce((ui.notice.textContent = say.notNow), (ui.notice.hidden = false));
    const address = URL.createObjectURL(blob);
    h("a", { href: address, download: `${say[kind]}.${blob.type.split("/")[1]}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60e3);
    showConnection();
  }

  /** A file in a bubble: its picture where there is one, its kind and size, and a way to get it. */
  function fileBox(item, file) {
    const kind = file.kind === "photo" ? "photo" : "pdf";
    const label = h("span");
    const get = button("get", icon("file"), label);
    const box = h("div", { class: "file" }, get);
    item.parts.files.push(() => write(label, `${say[kind]} · ${size(Number(file.size) || 0)}`));
    item.parts.files.push(() => (get.title = say.download));
    get.addEventListener("click", () => download(String(file.id), kind));
    if (kind === "photo") {
      const canvas = h("canvas", { class: "photo", "aria-hidden": "true" });
      const mine = sentPhotos.get(item.client_id);
      Promise.resolve(mine || (session && fetchFile(String(file.id), true))).then(async (blob) => {
        if (!blob || !(await draw(blob, canvas))) return;
        box.prepend(canvas);
        if (pinned) scrollDown();
      });
    }
    return box;
  }

  // ----------------------------------------------------------------- socket

  /** One life of a socket. Resolves, when it is over, to the ms it was of use (0: never). */
  function socketLife() {
    return new Promise((resolve) => {
      let socket;
      let since = 0;
      let over = false;
      let pinging;
      let patience;
      const end = () => {
        if (over) return;
        over = true;
        clearInterval(pinging);
        clearTimeout(patience);
        live = null;
        setTyping(false);
        socket?.close();
        [...waiting.values()].forEach((tell) => tell());
        resolve(since && Date.now() - since + 1);
      };
      const put = (frame) => {
        if (over || socket.readyState !== 1) return false;
        socket.send(JSON.stringify(frame));
        return true;
      };
      const give = (ms) => {
        clearTimeout(patience);
        patience = setTimeout(end, ms);
      };
      // Anything the server says proves the line; a ping that nothing follows ends it.
      const check = () => {
        if (put({ type: "ping" })) give(8000);
      };
      try {
        socket = new WebSocket(`${HOME.replace(/^http/, "ws")}socket`);
      } catch {
        return end();
      }
      give(8000);
      socket.onopen = () => put({ type: "hello", session, after: floor });
      socket.onclose = end;
      socket.onerror = end;
      socket.onmessage = (event) => {
        if (over) return;
        let frame;
        try {
          frame = JSON.parse(event.data) || {};
        } catch {
          return;
        }
        if (since) {
          clearTimeout(patience);
          setConnected(true);
        }
        if (frame.type === "welcome") {
          since = Date.now();
          clearTimeout(patience);
          live = { send: put, close: end, check };
          pinging = setInterval(check, 25e3);
          setConnected(true);
          setOwner(frame.owner);
          follow(frame.language);
          receipts.sent = "";
          receipts.note();
          nudge();
          pump();
        } else if (frame.type === "message") {
          merge(frame.message);
          settle();
        } else if (frame.type === "typing") {
          setTyping(Boolean(frame.on));
        } else if (frame.type === "owner") {
          setOwner(frame.owner);
          follow(frame.language);
        } else if (frame.type === "accepted") {
          acknowledged(frame.client_id, frame.seq);
          settle();
        } else if (frame.type === "receipt") {
          readByOther = Math.max(readByOther, Number(frame.read) || 0);
          layout();
        } else if (frame.type === "error") {
          if (frame.client_id) waiting.get(frame.client_id)?.();
          else if (!since) end();
        }
      };
    });
  }

  /** Keeps the conversation flowing for as long as the page lives. */
  async function converse() {
    let tries = 0; // failures in a row, for the back-off
    let refusals = 0; // sockets in a row that never came to a welcome
    let socketAgain = 0;
    for (;;) {
      if (retired) return;
      if (suspended || !active || !session) {
        await sleep(3600e3); // until `nudge`
        continue;
      }
      const useSocket = refusals < 2 || Date.now() > socketAgain;
      if (!caughtUp || !useSocket) {
        const started = Date.now();
        const before = floor;
        const wait = caughtUp ? 25 : 0;
        if (!(await fetchMessages(wait))) {
          refusals = 0; // it is the line, not the socket
          setConnected(false);
          await sleep(backoff(tries++));
          continue;
        }
        if (!useSocket) tries = 0;
        pump();
        if (wait && floor === before && Date.now() - started < 500) await sleep(500);
        if (!useSocket || !caughtUp) continue;
      }
      const lived = await socketLife();
      if (suspended || retired) continue;
      if (lived) {
        refusals = 0;
        if (lived > 10e3) tries = 0;
      } else {
        refusals += 1;
        socketAgain = Date.now() + 5 * 60e3;
        caughtUp = false; // ask by plain HTTP what the matter is, and what we missed
      }
      await sleep(backoff(tries++));
    }
  }

  // -------------------------------------------------------------- interface

  const CSS = `
    .shell {
      --bg: #f7f5f2; --surface: #fff; --raised: #fff; --soft: #f1eee9; --line: #e4e0da; --field: #8a857d;
      --text: #1f1d1a; --muted: #635f58; --bad: #b3261e; --tint: var(--accent-light);
      font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
      color: var(--text); color-scheme: light; -webkit-text-size-adjust: 100%;
    }
    @media (prefers-color-scheme: dark) {
      .shell {
        --bg: #171615; --surface: #1f1e1c; --raised: #2b2927; --soft: #2b2927; --line: #3b3835;
        --text: #f3f0ec; --muted: #b3aea6; --bad: #ffb4ab; --tint: var(--accent-dark); color-scheme: dark;
      }
    }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    button, select, textarea { font: inherit; color: inherit; margin: 0; }
    button { border: 0; background: none; padding: 0; cursor: pointer; }
    button, a, select { -webkit-tap-highlight-color: transparent; touch-action: manipulation; }
    svg { display: block; flex: none; width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 2;
      stroke-linecap: round; stroke-linejoin: round; }
    .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    :focus { outline: none; }
    :focus-visible { outline: 3px solid var(--tint); outline-offset: 2px; }

    .launcher, .panel {
      position: fixed; z-index: 2147483000;
      right: max(20px, env(safe-area-inset-right)); bottom: max(20px, env(safe-area-inset-bottom));
    }
    .launcher { display: flex; align-items: center; gap: 10px; min-height: 56px; padding: 0 22px 0 18px; font-weight: 600;
      border: 1px solid var(--edge); border-radius: 28px; background: var(--accent); color: var(--ink);
      box-shadow: 0 2px 6px rgb(0 0 0 / .16), 0 10px 28px rgb(0 0 0 / .2); }
    .launcher:focus-visible { outline: 3px solid #1f1d1a; outline-offset: 0; box-shadow: 0 0 0 6px #fff; }
    .badge { position: absolute; top: -6px; right: -2px; min-width: 24px; padding: 0 6px; border: 2px solid #fff; border-radius: 12px;
      background: #b3261e; color: #fff; font-size: 13px; line-height: 20px; font-weight: 700; text-align: center; }

    .panel { display: flex; flex-direction: column; overflow: hidden; width: 392px;
      height: min(660px, 100vh - 40px); height: min(660px, 100dvh - 40px);
      border: 1px solid var(--line); border-radius: 20px; background: var(--bg);
      box-shadow: 0 4px 12px rgb(0 0 0 / .1), 0 20px 56px rgb(0 0 0 / .26); }

    .head { display: flex; align-items: center; gap: 12px; padding: 12px 8px 12px 16px; background: var(--accent); color: var(--ink); }
    .head :focus-visible, .lang:focus-within { outline: 3px solid var(--ink); outline-offset: -3px; }
    .avatar, .icon, .go { display: grid; place-items: center; flex: none; }
    .avatar { width: 40px; height: 40px; border-radius: 50%; background: var(--veil); font-weight: 700; font-size: 18px; }
    .names { flex: 1; min-width: 0; line-height: 1.3; }
    .names > * { margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .brand { font-size: 17px; font-weight: 600; }
    .state { font-size: 14px; }
    .lang { position: relative; flex: none; display: flex; align-items: center; justify-content: center; gap: 4px; min-width: 56px;
      height: 44px; padding: 0 8px; border-radius: 12px; font-size: 14px; font-weight: 600; }
    .lang svg { width: 14px; height: 14px; }
    .lang select { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; cursor: pointer; font-size: 16px; }
    .lang option { color: #1f1d1a; background: #fff; }
    .icon { width: 44px; height: 44px; border-radius: 12px; }
    .lang:hover, .icon:hover { background: var(--veil); }

    .view { flex: 1; min-height: 0; position: relative; display: flex; }
    .log { flex: 1; display: flex; flex-direction: column; overflow-y: auto; overscroll-behavior: contain; padding: 16px 16px 8px; }
    .log:focus-visible { outline-offset: -3px; }
    .rows { display: flex; flex-direction: column; margin-top: auto; }
    .day { align-self: center; margin: 8px 0 14px; font-size: 13px; font-weight: 600; color: var(--muted); }
    .day::first-letter { text-transform: uppercase; }
    .row { display: flex; flex-direction: column; align-items: flex-start; max-width: 86%; margin-bottom: 4px; }
    .row.tail { margin-bottom: 14px; }
    .row.me { align-self: flex-end; align-items: flex-end; }
    .row.note { align-self: center; text-align: center; }
    .who { margin: 0 0 4px 6px; font-size: 13px; font-weight: 600; color: var(--muted); }
    .bubble { max-width: 100%; padding: 10px 14px; border: 1px solid var(--line); border-radius: 18px; background: var(--raised); }
    .them.tail .bubble { border-bottom-left-radius: 6px; }
    .me .bubble { background: var(--accent); color: var(--ink); border-color: var(--edge); }
    .me.tail .bubble { border-bottom-right-radius: 6px; }
    .me.bad .bubble { background: var(--raised); color: var(--text); border-color: var(--bad); }
    .note .bubble { padding: 2px 8px; border-color: transparent; background: none; color: var(--muted); font-size: 14px; }
    .text { white-space: pre-wrap; overflow-wrap: anywhere; }
    .link { display: flex; align-items: center; justify-content: space-between; gap: 12px; min-height: 48px; margin-top: 10px; padding: 8px 14px;
      border: 1px solid var(--edge); border-radius: 12px; background: var(--accent); color: var(--ink); font-weight: 600; line-height: 1.3;
      text-decoration: none; overflow-wrap: anywhere; }
    .link.aside { background: var(--raised); color: var(--tint); border-color: var(--tint); }
    .site { display: block; font-weight: 400; font-size: 13px; }
    .meta { display: none; align-items: center; gap: 4px; margin: 4px 6px 0; font-size: 13px; line-height: 18px; color: var(--muted); }
    .tail .meta, .bad .meta, .wait .meta { display: flex; }
    .row.note .meta { display: none; }
    .meta svg, .newer svg { width: 16px; height: 16px; }
    .meta .seen { color: var(--tint); }
    .row.bad .meta, .retry { color: var(--bad); }
    .retry { min-height: 44px; margin: -8px -6px -8px 0; padding: 0 10px; border-radius: 10px; font-weight: 700; text-decoration: underline; }

    .quick { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 14px; }
    .quick button { max-width: 100%; min-height: 44px; padding: 9px 16px; border: 1.5px solid var(--tint); border-radius: 22px;
      background: var(--surface); color: var(--tint); font-weight: 600; line-height: 1.3; text-align: left; overflow-wrap: anywhere; }
    .quick button:hover { background: var(--tint); color: var(--surface); }
    .typing { align-self: flex-start; display: flex; gap: 5px; padding: 15px 16px; margin-bottom: 14px;
      border: 1px solid var(--line); border-radius: 18px 18px 18px 6px; background: var(--raised); }
    .typing i { width: 7px; height: 7px; border-radius: 50%; background: var(--muted); }
    .hint { margin: auto; color: var(--muted); }
    .newer { position: absolute; left: 50%; bottom: 10px; transform: translateX(-50%); display: flex; align-items: center; gap: 6px;
      min-height: 44px; padding: 0 16px 0 12px; border: 1px solid var(--line); border-radius: 22px; background: var(--surface);
      font-size: 14px; font-weight: 600; white-space: nowrap; box-shadow: 0 4px 12px rgb(0 0 0 / .2); }

    .notice { padding: 8px 16px; font-size: 14px; text-align: center; background: #fdf0d0; color: #4a3500; }
    .foot { background: var(--surface); border-top: 1px solid var(--line);
      padding: 10px max(10px, env(safe-area-inset-right)) max(10px, env(safe-area-inset-bottom)) max(12px, env(safe-area-inset-left)); }
    .write { display: flex; align-items: flex-end; gap: 8px; }
    textarea { flex: 1; min-width: 0; min-height: 46px; padding: 11px 16px; resize: none; font-size: 16px; line-height: 22px;
      border: 1px solid var(--field); border-radius: 23px; background: var(--soft); }
    textarea::placeholder { color: var(--muted); opacity: 1; }
    textarea:focus { outline: 2px solid var(--tint); outline-offset: -1px; background: var(--surface); }
    .go { width: 46px; height: 46px; border: 1px solid var(--edge); border-radius: 50%; background: var(--accent); color: var(--ink); }
    .go[aria-disabled="true"] { border-color: var(--line); background: var(--soft); color: var(--muted); cursor: default; }
    .clip { align-self: flex-end; width: 46px; height: 46px; margin: 0 -4px 0 -8px; border-radius: 50%; color: var(--muted); }
    .tray { display: flex; align-items: center; gap: 10px; margin-bottom: 10px; padding: 8px 4px 8px 10px;
      border: 1px solid var(--line); border-radius: 14px; background: var(--soft); }
    .tray.bad { border-color: var(--bad); }
    .tray .photo { width: 48px; height: 48px; flex: none; object-fit: cover; border-radius: 8px; }
    .about { flex: 1; min-width: 0; font-size: 14px; line-height: 1.35; }
    .about .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
    .about .doing { color: var(--muted); }
    .bad .doing { color: var(--bad); }
    progress { display: block; width: 100%; height: 6px; margin-top: 6px; accent-color: var(--tint); }
    .file .photo { display: block; max-width: 100%; max-height: 240px; margin: 0 0 6px; border-radius: 10px; background: #fff; }
    .get { display: flex; align-items: center; gap: 8px; min-height: 44px; font-weight: 600; text-align: left; }
    .count { padding: 6px 6px 0; font-size: 13px; color: var(--muted); text-align: right; }
    .count.over { color: var(--bad); font-weight: 600; }

    @media (max-width: 480px), (max-height: 480px) {
      .panel { inset: var(--view-top, 0) 0 auto; width: auto; height: 100vh; height: var(--view-height, 100dvh); border: 0; border-radius: 0; }
      .head { padding: max(10px, env(safe-area-inset-top)) max(6px, env(safe-area-inset-right)) 10px max(16px, env(safe-area-inset-left)); }
      .log { padding-left: max(14px, env(safe-area-inset-left)); padding-right: max(14px, env(safe-area-inset-right)); }
    }
    @media (prefers-reduced-motion: no-preference) {
      .panel { animation: rise .2s cubic-bezier(.2, .8, .2, 1); }
      .fresh { animation: rise .18s ease-out; }
      .typing i { animation: breathe 1.2s infinite; }
      .typing i:nth-child(2) { animation-delay: .15s; }
      .typing i:nth-child(3) { animation-delay: .3s; }
      @keyframes rise { from { opacity: 0; transform: translateY(10px); } }
      @keyframes breathe { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; transform: translateY(-3px); } }
    }
    @media (forced-colors: active) {
      .panel, .bubble, .link, .go, .launcher, .badge, .quick button { border: 1px solid CanvasText; }
      .head { border-bottom: 1px solid CanvasText; }
      .typing i { background: CanvasText; }
    }
    @media print { .shell { display: none; } }
  `;

  const ICONS = {
    chat: "M21 11.5a8.5 8.5 0 0 1-12.3 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5zM8.5 11.5h.01M12.5 11.5h.01M16.5 11.5h.01",
    down: "M6 9l6 6 6-6",
    send: "M12 19.5V5M5.5 11.5L12 5l6.5 6.5",
    out: "M7 17L17 7M9 7h8v8",
    sending: "M12 7.5V12l3 2M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z",
    sent: "M5 12.5l4.5 4.5L19 7.5",
    read: "M1.5 12.5L6 17l8.5-9.5M11.5 15.5L13 17l9-9.5",
    clip: "M20 11.5l-8.1 8.1a5 5 0 0 1-7.1-7.1l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8",
    file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M9 13h6M9 17h4",
    cross: "M6 6l12 12M18 6L6 18",
    person: "M19 20a7 7 0 0 0-14 0M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  };

  /** An element with attributes and children; strings become text, never markup. */
  function h(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  function icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const path = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }
  const aria = (node, name, value) => node.setAttribute(`aria-${name}`, value);
  const button = (name, ...children) => h("button", { type: "button", class: name }, ...children);

  // The parts, once.
  const ui = {
    host: h("acuerdo-chat"),
    shell: h("div", { class: "shell" }),
    launchText: h("span"),
    badge: h("span", { class: "badge", "aria-hidden": "true", hidden: "" }),
    badgeText: h("span", { class: "sr" }),
    avatar: h("div", { class: "avatar", "aria-hidden": "true" }),
    brand: h("h2", { class: "brand" }),
    state: h("div", { class: "state" }),
    langText: h("span", { "aria-hidden": "true" }),
    lang: h("select"),
    rows: h("div", { class: "rows" }),
    hint: h("div", { class: "hint" }),
    quick: h("div", { class: "quick", role: "group", hidden: "" }),
    typing: h("div", { class: "typing", "aria-hidden": "true", hidden: "" }, h("i"), h("i"), h("i")),
    newerText: h("span"),
    notice: h("div", { class: "notice", role: "status", hidden: "" }),
    input: h("textarea", { rows: "1", enterkeyhint: "send", autocomplete: "off", "aria-describedby": "count" }),
    count: h("div", { class: "count", id: "count", hidden: "" }),
    status: h("div", { class: "sr", role: "status" }),
    pick: h("input", { type: "file", accept: "image/jpeg,image/png,image/webp,application/pdf", hidden: "" }),
    preview: h("canvas", { class: "photo", "aria-hidden": "true" }),
    trayName: h("div", { class: "name" }),
    trayText: h("div", { class: "doing" }),
    bar: h("progress", { max: "1", value: "0", hidden: "" }),
  };
  ui.clip = button("icon clip", icon("clip"));
  ui.trayIcon = icon("file");
  ui.drop = button("icon", icon("cross"));
  ui.tray = h(
    "div",
    { class: "tray", hidden: "" },
    ui.preview,
    ui.trayIcon,
    h("div", { class: "about" }, ui.trayName, ui.trayText, ui.bar),
    ui.drop,
  );
  ui.launcher = button("launcher", icon("chat"), ui.launchText, ui.badge, ui.badgeText);
  ui.minimise = button("icon", icon("down"));
  ui.newer = button("newer", icon("down"), ui.newerText);
  ui.go = button("go", icon("send"));
  ui.log = h(
    "div",
    { class: "log", role: "log", tabindex: "0", "aria-live": "polite", "aria-relevant": "additions", "aria-busy": "true" },
    ui.hint,
    ui.rows,
    ui.quick,
    ui.typing,
  );
  ui.panel = h(
    "section",
    { class: "panel", role: "dialog", tabindex: "-1", hidden: "" },
    h(
      "header",
      { class: "head" },
      ui.avatar,
      h("div", { class: "names" }, ui.brand, ui.state),
      h("label", { class: "lang" }, ui.langText, icon("down"), ui.lang),
      ui.minimise,
    ),
    h("div", { class: "view" }, ui.log, ui.newer),
    ui.notice,
    h("div", { class: "foot" }, ui.tray, h("div", { class: "write" }, ui.clip, ui.input, ui.go, ui.pick), ui.count),
  );
  ui.launcher.hidden = true;
  ui.newer.hidden = true;
  aria(ui.launcher, "haspopup", "dialog");
  aria(ui.launcher, "expanded", false);
  for (const [code, name] of Object.entries(LANGUAGES)) {
    ui.lang.append(h("option", { value: code, lang: code }, name));
  }
  ui.shell.append(ui.launcher, ui.panel, ui.status);

  // ----------------------------------------------------------------- colour

  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, two) => {
    const [low, high] = [luminance(one), luminance(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const WHITE = [255, 255, 255];
  const BLACK = [0, 0, 0];
  const css = (rgb) => `rgb(${rgb.map(Math.round).join(", ")})`;

  /** The colour as [r, g, b], or null when the browser does not take it for an opaque one. */
  function parseColor(text) {
    const probe = ui.status.style;
    probe.setProperty("color", "");
    probe.setProperty("color", text || "");
    if (!probe.getPropertyValue("color")) return null;
    const numbers = getComputedStyle(ui.status).color.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
    probe.setProperty("color", "");
    return numbers && numbers.slice(1).map(Number);
  }
  /** `rgb` moved towards `goal` until it can be read on `surface` (AA asks 4.5 to 1). */
  function readable(rgb, surface, goal) {
    for (let share = 0; share <= 1; share += 0.05) {
      const mixed = rgb.map((part, i) => Math.round(part + (goal[i] - part) * share));
      if (contrast(mixed, surface) >= 5.2) return mixed;
    }
    return goal;
  }
  function paint() {
    const accent =
      parseColor(script.dataset.color) || parseColor(config.color) || DEFAULT_COLOR;
    const ink = contrast(accent, WHITE) >= contrast(accent, BLACK) ? WHITE : BLACK;
    const set = (name, value) => ui.shell.style.setProperty(name, value);
    set("--accent", css(accent));
    set("--ink", css(ink));
    set("--veil", ink === WHITE ? "rgb(0 0 0 / .16)" : "rgb(255 255 255 / .45)");
    set("--edge", ink === WHITE ? "rgb(255 255 255 / .16)" : "rgb(0 0 0 / .22)");
    set("--accent-light", css(readable(accent, [241, 238, 233], BLACK)));
    set("--accent-dark", css(readable(accent, [43, 41, 39], WHITE)));
  }

  // -------------------------------------------------------------- rendering

  function validDate(text) {
    const date = new Date(text);
    return text && !Number.isNaN(date.getTime()) ? date : null;
  }
  const dayOf = (date) =>
    date.getFullYear() * 10000 + (date.getMonth() + 1) * 100 + date.getDate();

  function dayName(date) {
    const now = new Date();
    if (dayOf(date) === dayOf(now)) return say.today;
    if (dayOf(date) === dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) {
      return say.yesterday;
    }
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    return date.toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long", year });
  }

  /** Only https, or http to this very machine for rehearsals; nothing that hides where it leads. */
  function safeUrl(text) {
    let url;
    try {
      url = new URL(text);
    } catch {
      return null;
    }
    if (url.username || url.password) return null;
    const local = url.hostname === "localhost" || url.hostname === "127.0.0.1";
    return url.protocol === "https:" || (url.protocol === "http:" && local) ? url : null;
  }

  function fillText(node, text, marked) {
    const parts = marked ? text.split(/\*\*(.+?)\*\*/) : [text]; // every second one was in ** **
    parts.forEach((part, i) => {
      if (part) node.append(i % 2 ? h("strong", {}, part) : part);
    });
    return node;
  }

  /** Sets a text, unless it is there already: what does not change is not read out again. */
  const write = (node, text) => node.textContent === text || (node.textContent = text);

  /** The row of a message; what can change later (state, time, language) is put in by `dress`. */
  function build(item) {
    const kind = item.from === "debtor" ? "me" : item.from === "system" ? "note" : "them";
    const parts = {
      sr: h("span", { class: "sr" }),
      who: h("div", { class: "who", "aria-hidden": "true", hidden: "" }),
      time: h("time"),
      tick: h("span", { role: "img" }),
      why: h("span"),
      retry: button("retry"),
      tabs: [],
      files: [],
    };
    item.parts = parts;
    const bubble = h("div", { class: "bubble" }, parts.sr);
    for (const file of item.files) if (file?.id) bubble.append(fileBox(item, file));
    if (item.text && !item.files.length) {
      bubble.append(fillText(h("div", { class: "text" }), item.text, kind !== "me"));
    }
    for (const link of item.links) {
      const url = link && safeUrl(link.url);
      if (!url) continue;
      const tab = h("span", { class: "sr" });
      parts.tabs.push(tab);
      bubble.append(
        h(
          "a",
          // Paying is what a message with links is mostly for; papers and calendars stand beside it.
          { class: /\/(pay|autopay)\//.test(url.pathname) ? "link" : "link aside", href: url.href, target: "_blank", rel: "noopener noreferrer" },
          h("span", {}, String(link.title || url.hostname), h("span", { class: "site" }, url.host), tab),
          icon("out"),
        ),
      );
    }
    parts.retry.addEventListener("click", () => retry(item));
    const meta = h("div", { class: "meta" }, parts.why, parts.time);
    if (kind === "me") meta.append(parts.tick, parts.retry);
    item.kind = kind;
    const node = h("div", { class: `row ${kind} fresh` }, parts.who, bubble, meta);
    node.addEventListener("animationend", () => node.classList.remove("fresh"));
    item.node = node;
  }

  function dress(item, first, last, seenUpTo) {
    const { parts, node, kind } = item;
    const bad = item.state === "failed" || Boolean(item.stuck && item.state === "sending");
    const state = item.state === "sent" ? (item.seq <= seenUpTo ? "read" : "sent") : "sending";
    const look = [lang, first, last, bad, state, Number(item.at)].join();
    if (look === item.look) return;
    item.look = look;
    node.classList.toggle("tail", last);
    node.classList.toggle("bad", bad);
    node.classList.toggle("wait", kind === "me" && state === "sending");
    const name = kind === "me" ? say.you : item.from === "person" ? item.name || say.person : say.bot;
    parts.sr.textContent = kind === "note" ? "" : `${name}: `;
    parts.who.hidden = !(first && item.from === "person");
    parts.who.textContent = name;
    parts.time.textContent = item.at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
    parts.time.dateTime = item.at.toISOString();
    parts.time.hidden = bad;
    parts.why.textContent = bad ? say.failed : "";
    parts.tick.hidden = bad;
    aria(parts.tick, "label", say[state]);
    parts.tick.title = say[state];
    parts.tick.className = state === "read" ? "seen" : "";
    parts.tick.replaceChildren(icon(state));
    parts.retry.hidden = !bad;
    parts.retry.textContent = say.retry;
    for (const name of parts.files) name();
    for (const tab of parts.tabs) tab.textContent = ` (${say.newTab})`;
  }

  const days = new Map();
  let offered = null; // the message whose quick replies are shown

  /** Brings the log in line with `items`, touching only what changed. */
  function layout() {
    items.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || a.order - b.order);
    // What the bot or a person answered, they have read.
    let seenUpTo = readByOther;
    for (const item of items) {
      if (item.seq && (item.from === "bot" || item.from === "person")) {
        seenUpTo = Math.max(seenUpTo, item.seq);
      }
    }
    let cursor = ui.rows.firstChild;
    const place = (node) => {
      if (node === cursor) cursor = cursor.nextSibling;
      else ui.rows.insertBefore(node, cursor);
    };
    let today = 0;
    items.forEach((item, i) => {
      const day = dayOf(item.at);
      if (day > today) {
        today = day;
        if (!days.has(day)) days.set(day, h("div", { class: "day" }));
        write(days.get(day), dayName(item.at));
        place(days.get(day));
      }
      if (!item.node) build(item);
      const close = (other) =>
        other && other.from === item.from && other.name === item.name &&
        dayOf(other.at) === day && Math.abs(other.at - item.at) < 5 * 60e3;
      place(item.node);
      dress(item, !close(items[i - 1]), !close(items[i + 1]), seenUpTo);
    });
    while (cursor) {
      const next = cursor.nextSibling;
      cursor.remove();
      cursor = next;
    }
    ui.hint.hidden = items.length > 0;
    if (caughtUp) aria(ui.log, "busy", false);
    offer();
    showOwner();
    if (pinned) scrollDown();
  }

  /** Quick replies belong to the last thing said, unless the debtor has spoken since. */
  function offer() {
    let found = null;
    for (let i = items.length - 1; i >= 0 && !found; i -= 1) {
      const item = items[i];
      if (item.from !== "debtor" && item.buttons.length) found = item;
      else if (item.from !== "system") break;
    }
    if (found === offered) return;
    const hadFocus = ui.quick.contains(root.activeElement);
    offered = found;
    ui.quick.replaceChildren();
    ui.quick.hidden = !found;
    for (const choice of found ? found.buttons : []) {
      if (!choice || choice.id == null) continue;
      const title = String(choice.title || choice.id);
      const option = button("", title);
      option.addEventListener("click", (event) => {
        if (offered !== found) return;
        // A finger or mouse must not raise the screen keyboard; a keyboard goes on in the input.
        if (event.detail) ui.log.focus({ preventScroll: true });
        send({ button: choice.id }, title);
      });
      ui.quick.append(option);
    }
    if (hadFocus && opened) ui.input.focus({ preventScroll: true });
  }

  let pinned = true; // at the bottom of the log, and to stay there
  const atBottom = () => ui.log.scrollHeight - ui.log.scrollTop - ui.log.clientHeight < 90;
  function scrollDown() {
    ui.log.scrollTop = ui.log.scrollHeight;
    ui.newer.hidden = true;
    pinned = true;
  }

  /** Something new was said by the other side. */
  function arrived() {
    if (!opened) announce(say.unread(1));
    else if (!pinned) ui.newer.hidden = false;
  }

  function announce(text) {
    ui.status.textContent = "";
    setTimeout(() => (ui.status.textContent = text), 60);
  }

  let typingTimer;
  function setTyping(on) {
    clearTimeout(typingTimer);
    if (on) typingTimer = setTimeout(() => setTyping(false), 40e3); // a forgotten "off"
    if (ui.typing.hidden === !on) return;
    ui.typing.hidden = !on;
    if (pinned) scrollDown();
    if (on && opened) announce(say.typing);
    else if (!on) ui.status.textContent = "";
  }

  function setOwner(value) {
    if (value === "bot" || value === "person") owner = value;
    showOwner();
  }

  /**
   * The conversation is held in another language now: the words around it follow. A choice made in
   * the menu stands until then.
   */
  function follow(language) {
    const spoken = known(language);
    if (!spoken || spoken === prefs.heard) return;
    if (!prefs.heard && known(prefs.lang)) return remember({ heard: spoken });
    remember({ heard: spoken, lang: spoken });
    if (spoken === lang) return;
    lang = spoken;
    relabel();
  }

  function showOwner() {
    const person = owner === "person";
    const name = items.filter((item) => item.from === "person" && item.name).pop()?.name;
    const text = person ? [name, say.person].filter(Boolean).join(" · ") : say.bot;
    write(ui.state, text);
    const initial = [...String(config.brand || "")][0];
    ui.avatar.replaceChildren(person || !initial ? icon(person ? "person" : "chat") : initial.toUpperCase());
  }

  function setConnected(value) {
    if (connected === value) return;
    connected = value;
    showConnection();
  }
  function showConnection() {
    ui.notice.hidden = connected;
    ui.notice.textContent = connected ? "" : say.offline;
  }

  function showUnread() {
    const count = items.filter((item) => item.from !== "debtor" && item.seq > prefs.read).length;
    ui.badge.hidden = !count;
    ui.badge.textContent = count > 9 ? "9+" : count || "";
    ui.badgeText.textContent = count ? `(${say.unread(count)})` : "";
  }

  function showCount() {
    const text = ui.input.value;
    const left = LIMIT - [...text].length;
    const over = left < 0;
    ui.count.hidden = left > 400;
    ui.count.textContent = over ? say.over(-left) : say.left(left);
    if (over && !ui.count.classList.contains("over")) announce(ui.count.textContent);
    ui.count.classList.toggle("over", over);
    const sendable = chosen ? !chosen.request && (!chosen.problem || chosen.problem === "line") : false;
    aria(ui.go, "disabled", over || !(text.trim() || sendable));
    const box = ui.input.style;
    box.setProperty("height", "auto");
    const height = ui.input.scrollHeight + 2;
    box.setProperty("height", `${Math.min(148, height)}px`);
    box.setProperty("overflow-y", height > 148 ? "auto" : "hidden");
  }

  /** Puts every word of the interface in the current language. */
  function relabel() {
    say = TEXTS[lang];
    locale = (navigator.languages || []).find((tag) => known(tag) === lang) || say.locale;
    const label = (node, text) => aria(node, "label", text);
    const tip = (node, text) => label(node, (node.title = text));
    ui.shell.lang = say.locale;
    ui.launchText.textContent = say.open;
    label(ui.panel, config.title || say.chat(config.brand || "Acuerdo"));
    ui.brand.textContent = config.brand || "Acuerdo";
    ui.langText.textContent = lang.toUpperCase();
    ui.lang.value = lang;
    label(ui.lang, say.language);
    tip(ui.minimise, say.minimise);
    label(ui.log, say.log);
    label(ui.quick, say.quick);
    ui.hint.textContent = say.connecting;
    ui.newerText.textContent = say.newer;
    ui.input.placeholder = say.placeholder;
    label(ui.input, say.placeholder);
    tip(ui.go, say.send);
    tip(ui.clip, say.attach);
    tip(ui.drop, say.remove);
    showChosen();
    showUnread();
    showConnection();
    showCount();
    layout();
  }

  // --------------------------------------------------------- open and close

  const phone = matchMedia("(max-width: 480px), (max-height: 480px)");
  let pageOverflow = null; // what the page had before it was held still behind a full screen chat

  function fitScreen() {
    const modal = opened && phone.matches;
    const page = document.documentElement.style;
    aria(ui.panel, "modal", modal);
    if (modal && pageOverflow === null) {
      pageOverflow = page.getPropertyValue("overflow");
      page.setProperty("overflow", "hidden");
    } else if (!modal && pageOverflow !== null) {
      page.setProperty("overflow", pageOverflow);
      pageOverflow = null;
    }
    // The screen keyboard covers the page without resizing it: follow what can be seen.
    const seen = window.visualViewport;
    const covered = modal && seen && seen.scale < 1.05 && innerHeight - seen.height > 60;
    const shell = ui.shell.style;
    shell.setProperty("--view-height", covered ? `${seen.height}px` : "");
    shell.setProperty("--view-top", covered ? `${seen.offsetTop}px` : "");
  }

  let revealed = false;
  let retired = false;
  function reveal() {
    if (revealed || retired) return;
    revealed = true;
    ui.launcher.hidden = opened;
    const asked = wantOpen || script.dataset.open === "true" || location.hash === "#acuerdo";
    if (asked) open();
  }
  function retire() {
    retired = true;
    close();
    ui.host.remove();
    nudge();
  }

  function open() {
    if (retired) return;
    if (!revealed) {
      wantOpen = true;
      return;
    }
    if (!ui.host.isConnected) document.body.append(ui.host); // the page swapped its body
    if (!opened) {
      opened = true;
      ui.launcher.hidden = true;
      aria(ui.launcher, "expanded", true);
      ui.panel.hidden = false;
      if (!prefs.met) remember({ met: true });
      active = true;
      fitScreen();
      showCount();
      scrollDown();
      receipts.note();
      nudge();
    }
    ui.input.focus({ preventScroll: true });
  }

  function close() {
    wantOpen = false;
    if (!opened) return;
    opened = false;
    ui.panel.hidden = true;
    ui.launcher.hidden = false;
    aria(ui.launcher, "expanded", false);
    ui.status.textContent = "";
    fitScreen();
    showUnread();
    ui.launcher.focus({ preventScroll: true });
  }

  function submit() {
    upload();
    const text = ui.input.value.trim();
    if (!text || [...ui.input.value].length > LIMIT) return;
    ui.input.value = "";
    showCount();
    send({ text }, text);
    ui.input.focus({ preventScroll: true });
  }

  /** On a phone the panel is the whole screen, so Tab stays in it. */
  function keepFocusInside(event) {
    const all = ui.panel.querySelectorAll("button, select, textarea, a[href], [tabindex='0']");
    const stops = [...all].filter((node) => node.getClientRects().length);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (root.activeElement !== edge && root.activeElement !== ui.panel) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  function listen() {
    ui.launcher.addEventListener("click", open);
    ui.minimise.addEventListener("click", close);
    ui.go.addEventListener("click", submit);
    ui.clip.addEventListener("click", () => ui.pick.click());
    ui.pick.addEventListener("change", () => {
      choose(ui.pick.files[0]);
      ui.pick.value = ""; // so that the same file can be chosen again
    });
    ui.drop.addEventListener("click", () => {
      dropChosen();
      ui.clip.focus({ preventScroll: true });
    });
    ui.input.addEventListener("paste", (event) => {
      const pasted = event.clipboardData?.files?.[0];
      if (!pasted) return;
      event.preventDefault();
      choose(pasted);
    });
    ui.newer.addEventListener("click", () => {
      scrollDown();
      ui.log.focus({ preventScroll: true });
    });
    ui.log.addEventListener("scroll", () => {
      pinned = atBottom();
      if (pinned) ui.newer.hidden = true;
    });
    new ResizeObserver(() => pinned && scrollDown()).observe(ui.log);
    ui.input.addEventListener("input", showCount);
    ui.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      submit();
    });
    ui.lang.addEventListener("change", () => {
      lang = ui.lang.value;
      remember({ lang });
      relabel();
    });
    ui.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) {
        event.stopPropagation();
        close();
      } else if (event.key === "Tab" && phone.matches) keepFocusInside(event);
    });
    phone.addEventListener("change", fitScreen);
    window.visualViewport?.addEventListener("resize", fitScreen);
    window.visualViewport?.addEventListener("scroll", fitScreen);
    window.addEventListener("hashchange", () => {
      if (location.hash === "#acuerdo") open();
    });
    window.addEventListener("online", () => {
      polling?.abort();
      live?.check();
      nudge();
    });
    window.addEventListener("offline", () => setConnected(false));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      live?.check();
      nudge();
      receipts.note();
    });
    window.addEventListener("pagehide", () => {
      suspended = true;
      live?.close();
    });
    window.addEventListener("pageshow", () => {
      suspended = false;
      nudge();
    });
  }

  /** The session told us who we speak for. */
  function configure() {
    if (!known(prefs.lang) && !known(script.dataset.lang)) lang = known(config.language) || lang;
    paint();
    relabel();
  }

  // ------------------------------------------------------------------ start

  const root = ui.host.attachShadow({ mode: "open" });
  root.append(ui.shell);
  window.Acuerdo = Object.freeze({ open, close });

  async function start() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    ui.host.style.setProperty("all", "initial", "important"); // the page's own rules stay outside
    document.body.append(ui.host);
    listen();
    configure();
    restoreUnsent();
    if (!(await openSession())) return retire();
    configure();
    reveal();
    converse();
  }
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start, { once: true });
})();
