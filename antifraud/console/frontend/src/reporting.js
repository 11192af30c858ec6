// The room where a report is taken: every key is kept, the server reads it, and one press sends it once.
import { serverNow } from "./clock.js";
import { on } from "./keys.js";
import { csrfToken, send } from "./send.js";

const form = document.getElementById("sheet");
const PAUSE_MS = 1000, AGAIN_MS = 2000, FALLBACK_S = 15;

if (form) startSheet();
else startChoice();
forgetOthers();

// Before a draft: N begins another one.
function startChoice() {
  const begin = document.getElementById("begin");
  if (begin) on("KeyN", () => begin.requestSubmit());
}

/** What another person typed in this tab goes, and everything at sign-out. */
function forgetOthers() {
  const mine = `draft:${document.body.dataset.person}:`;
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("draft:") && !key.startsWith(mine)) sessionStorage.removeItem(key);
  document.addEventListener("submit", (event) => {
    if (event.target.action?.endsWith("/sign-out")) for (const key of Object.keys(sessionStorage)) if (key.startsWith("draft:")) sessionStorage.removeItem(key);
  });
}

function startSheet() {
  const says = form.dataset, store = `draft:${document.body.dataset.person}:${says.no}`;
  const state = { version: Number(says.version), dirty: new Map(), saving: null, busy: 0, seenThen: null, timer: 0, isSending: false, matches: [], question: 0, leaving: false };
  const isReadOnly = () => "readonly" in form.dataset;
  const inputs = () => [...form.querySelectorAll("[data-field]")].filter((one) => /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName));
  const field = (name) => form.querySelector(`[name="${CSS.escape(name)}"][data-field]`);
  const isShown = (one) => one.offsetParent !== null && !one.disabled;

  form.querySelectorAll('[data-act="merge"],[data-act="link"],[data-act="different"]').forEach(noteMatch);

  // -- what the server has not confirmed stays in this tab

  function remember() {
    form.toggleAttribute("data-unsaved", state.dirty.size > 0);
    if (state.dirty.size) sessionStorage.setItem(store, JSON.stringify({ seen: state.seenThen ?? state.version, fields: Object.fromEntries(state.dirty) }));
    else sessionStorage.removeItem(store);
  }

  function recall() {
    let kept = {}, seen = null;
    try { ({ fields: kept = {}, seen = null } = JSON.parse(sessionStorage.getItem(store) ?? "{}")); } catch { /* not ours */ }
    if (isReadOnly()) {
      // Somebody else has changed the draft since these were typed: told beside theirs when it is taken back.
      state.dirty = new Map(Object.entries(kept));
      state.seenThen = seen;
      if (state.dirty.size) badge(badgeWords().unsaved, "soon");
      return;
    }
    for (const [name, value] of Object.entries(kept)) {
      const one = field(name);
      if (one && one.value !== value) { one.value = value; state.dirty.set(name, value); }
    }
    if (state.dirty.size) save();
  }

  function changed(one) {
    if (isReadOnly()) return;
    state.dirty.set(one.name, one.value);
    remember();
    // What the server said of the value before is not said of this one.
    for (const slot of ["oks", "hint"]) document.getElementById(`${slot}-${one.name}`)?.replaceChildren();
    clearTimeout(state.timer);
    state.timer = setTimeout(save, PAUSE_MS);
  }

  // -- saving

  /** Save what is not saved; at most one request at a time, the rest follows it. Resolves when nothing is left. */
  function save(act = "save") {
    clearTimeout(state.timer);
    state.busy += 1;
    state.saving = (state.saving ?? Promise.resolve()).then(() => saveNow(act)).catch(() => {}).finally(() => { state.busy -= 1; });
    return state.saving;
  }

  async function saveNow(act) {
    if (act === "save" && !state.dirty.size) return;
    const sent = new Map(state.dirty);
    const answer = await post(act, sent);
    if (!answer) return;
    // Somebody took the draft over: what is not saved stays in this tab, for when it is taken back.
    if (!answer.parts || answer.mine !== false) for (const [name, value] of sent) if (state.dirty.get(name) === value) state.dirty.delete(name);
    if (answer.mine) state.seenThen = null;
    remember();
    take(answer, sent);
  }

  async function post(act, fields) {
    const body = new URLSearchParams([...fields, ["do", act], ["seen", String(state.seenThen ?? state.version)]]);
    badge(badgeWords().saving);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch" }, cache: "no-store" });
      if (answer.status === 401) { document.body.dispatchEvent(new CustomEvent("send:signed-out")); throw new Error("signed out"); }
      if (answer.status >= 500) throw new Error("later");
      return await answer.json();
    } catch {
      badge(badgeWords().unsaved, "soon");
      clearTimeout(state.timer);
      state.timer = setTimeout(() => save(act), AGAIN_MS);
      return null;
    }
  }

  const badgeWords = () => document.getElementById("draft-state").dataset;
  function badge(text, look) {
    const tag = document.querySelector("#draft-state .tag");
    if (!tag || !text) return;
    delete document.getElementById("draft-state").dataset.was;
    tag.textContent = text;
    tag.classList.toggle("plain", !look);
    if (look) tag.dataset.st = look; else delete tag.dataset.st;
  }

  /** Take what the server says of the draft; nothing changes under the hand. */
  function take(told, sent = new Map()) {
    if (told.location) { go(told.location); return; }
    if (!told.parts) return;
    state.version = told.version;
    state.matches = told.matches;
    if (told.state !== form.dataset.state) { go(form.action); return; }
    if (told.mine === isReadOnly() && !told.parts.conflicts.includes("data-conflict")) { go(form.action); return; }
    if (told.mine && isReadOnly()) writable();
    for (const [name, html] of Object.entries(told.parts)) put(document.querySelector(`[data-part="${name}"]`), html);
    for (const [name, html] of Object.entries(told.states)) put(form.querySelector(`[data-part-state="${name}"]`), html);
    for (const [name, html] of Object.entries(told.fields)) showField(name, html);
    for (const [row, needs] of Object.entries(told.needs_bank)) {
      const box = form.querySelector(`[data-bank-of="${row}"]`);
      if (box && box.hidden === needs && !box.contains(document.activeElement)) box.hidden = !needs;
    }
    for (const [name, value] of Object.entries(told.values)) {
      const one = field(name);
      if (!one || state.dirty.has(name)) continue;
      const text = told.shown[name] ?? value;
      if (one === document.activeElement && one.value !== "" && !isReadOnly() && sent.has(name)) continue;
      if (one.value !== text) one.value = text;
    }
    state.question = 0;
  }

  /** Let the page be typed in again, without losing what it shows of a conflict. */
  function writable() {
    delete form.dataset.readonly;
    for (const one of inputs()) one.readOnly = one.disabled = false;
  }

  function put(place, html) {
    if (!place || place.dataset.was === html) return;
    place.dataset.was = html;
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const focusKey = focused ? [focused.id, focused.dataset.act, focused.dataset.field] : null;
    place.innerHTML = html;
    if (!focusKey) return;
    const again = focusKey[0] ? document.getElementById(focusKey[0]) : place.querySelector(focusKey[1] ? `[data-act="${focusKey[1]}"]` : "button");
    again?.focus({ preventScroll: true });
  }

  function showField(name, html) {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const slot of ["oks", "hint"]) {
      const place = document.getElementById(`${slot}-${name}`), made = parsed.querySelector(`[data-slot="${slot}"]`);
      if (place && made && place.innerHTML !== made.innerHTML) place.replaceChildren(...made.childNodes);
    }
    const one = field(name);
    if (!one) return;
    if (parsed.querySelector(".errmsg")) one.setAttribute("aria-invalid", "true");
    else one.removeAttribute("aria-invalid");
  }

  function go(address) {
    state.leaving = true;
    location.assign(address);
  }

  // -- sending

  async function sendIt(act = "send") {
    if (state.isSending || isReadOnly()) return;
    state.isSending = true;
    clearTimeout(state.timer);
    const button = form.querySelector(act === "send" ? "#send" : `[data-act="complete"][value="${act}"]`);
    const word = button?.querySelector(".send-word");
    if (word) word.textContent = says.saysSending;
    const fallback = document.getElementById("fallback");
    let alarm = 0;
    try {
      await (state.saving ?? Promise.resolve());
      const fields = new Map(state.dirty);
      const body = new URLSearchParams([...fields, ["do", act], ["seen", String(state.version)]]);
      const answer = await send(form.action, {
        body, key: form.dataset.draft,
        onRetry: (tries, seconds) => {
          if (!fallback) return;
          fallback.hidden = false;
          fallback.querySelector(".retry-says").textContent = says.saysRetry.replace("{n}", tries);
          alarm ||= setTimeout(() => { fallback.querySelector(".fallback").hidden = false; }, Math.max(0, FALLBACK_S - seconds) * 1000);
        },
      });
      if (fallback) fallback.hidden = true;
      if (answer.status === 401) return;
      const told = await answer.json().catch(() => null);
      if (!told) return;
      for (const [name, value] of told.parts && told.mine ? fields : []) if (state.dirty.get(name) === value) state.dirty.delete(name);
      remember();
      take(told);
      if (told.status === 422 && told.focus) focusOn(told.focus);
      if (told.status === 409) document.querySelector('[data-conflict] [data-act="use-ours"]')?.focus();
    } finally {
      clearTimeout(alarm);
      state.isSending = false;
      const shown = form.querySelector("#send .send-word");
      if (shown) shown.textContent = says.saysSend;
    }
  }

  function focusOn(id) {
    const one = document.getElementById(id);
    if (!one) return;
    const box = one.closest("[hidden]");
    if (box) box.hidden = false;
    one.closest("details")?.setAttribute("open", "");
    one.focus();
    one.select?.();
  }

  // -- walking through the fields

  function step(from, by) {
    const all = inputs().filter((one) => isShown(one) && one.name !== "paste" && !one.closest("details:not([open])"));
    const at = all.indexOf(from);
    const next = from.name === "paste" ? all[0] : all[at + by];
    if (next) { next.focus(); next.select?.(); }
    else if (by > 0) (form.querySelector("#send") ?? form.querySelector('details[open] [data-act="complete"]'))?.focus();
  }

  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const one = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const part = one.closest?.("details.todo");
      if (form.dataset.state === "sent") { if (part) sendIt(`complete:${part.dataset.forPart}`); }
      else sendIt();
      return;
    }
    if (event.key !== "Enter" || event.altKey || !one.dataset?.field || one.tagName === "BUTTON") return;
    if (one.tagName === "TEXTAREA" && one.name !== "paste" && !event.shiftKey) return;
    event.preventDefault();
    if (state.dirty.has(one.name)) save();
    step(one, event.shiftKey ? -1 : 1);
  });

  form.addEventListener("submit", (event) => {
    const button = event.submitter, act = button?.value ?? "save";
    event.preventDefault();
    if (act === "send") sendIt();
    else if (act.startsWith("complete:")) sendIt(act);
    else if (act === "leave") leave();
    else if (act === "discard") discard(button);
    else if (act === "add") addRow();
    else if (act.startsWith("pick:")) pick(button);
    else save(act);
  });

  form.addEventListener("input", (event) => { if (event.target.dataset.field) changed(event.target); });
  form.addEventListener("change", (event) => { if (event.target.dataset.field && state.dirty.has(event.target.name)) save(); });
  form.addEventListener("paste", (event) => {
    const box = field("paste"), text = event.clipboardData?.getData("text/plain") ?? "";
    if (!box || isReadOnly() || !event.target.dataset.field) return;
    if (event.target !== box) {
      // A whole message belongs into its box, wherever the hand happens to be.
      if (event.target.tagName === "TEXTAREA" || !isMessage(text)) return;
      event.preventDefault();
      box.value = text;
      changed(box);
      save().then(() => event.target.select());
      return;
    }
    setTimeout(async () => { changed(box); await save(); const first = field("account"); first?.focus(); first?.select(); }, 0);
  });

  const isMessage = (text) => text.trim().length > 30 || /\n/.test(text.trim()) || (/\p{Script=Han}/u.test(text) && /\d{4}/.test(text) && text.trim().length > 15);

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const { act, field: name, value } = button.dataset;
    if (act === "time") { set("time", value); field("time")?.focus(); }
    else if (act === "go") { event.preventDefault(); focusOn(`f-${name}`); }
    else if (act === "ask") ask();
    else if (act === "use-ours") { set(name, value); button.closest("[data-conflict]").remove(); }
    else if (act === "use-theirs") { const one = field(name); if (one) one.value = value; button.closest("[data-conflict]").remove(); one?.focus(); }
    else if (act === "pick") { event.preventDefault(); pick(button); }
  });

  // Buttons beside the form that belong to it: what is alike, and taking over.
  document.addEventListener("click", (event) => {
    const button = event.target.closest('button[form="sheet"][data-act]');
    if (!button || form.contains(button)) return;
    event.preventDefault();
    save(button.value);
  });

  function pick(button) {
    set(button.dataset.field, button.dataset.value);
  }

  function set(name, value) {
    const one = field(name);
    if (!one || one.readOnly) return;
    one.value = value;
    changed(one);
    save();
  }

  function noteMatch(button) {
    const no = button.closest("[data-case]")?.dataset.case;
    if (no && !state.matches.includes(no)) state.matches.push(no);
  }

  /** The first likeness that this act is offered for. */
  function choose(act) {
    const button = document.querySelector(`#likeness [data-act="${act}"]`);
    if (button) save(button.value);
  }

  function addRow() {
    const template = document.getElementById("row-template"), place = document.getElementById("more-rows");
    if (!template || !place || isReadOnly()) return;
    const rows = [...form.querySelectorAll("fieldset[data-row]")].map((one) => Number(one.dataset.row));
    const n = Math.max(1, ...rows) + 1;
    if (n > 20) return;
    const made = document.createElement("div");
    made.innerHTML = template.innerHTML.replaceAll("__n__", String(n));
    place.append(...made.children);
    field(`account_${n}`)?.focus();
  }

  function ask() {
    const all = [...document.querySelectorAll("#asks li")];
    if (!all.length) return;
    state.question = (state.question + 1) % all.length;
    all.forEach((one, index) => { one.hidden = index !== state.question; });
  }

  async function leave() {
    await save();
    go(says.home);
  }

  async function discard(button) {
    if (button.dataset.asked === undefined) { button.dataset.asked = ""; button.textContent = button.dataset.sure; return; }
    state.dirty.clear();
    remember();
    const told = await post("discard", new Map());
    if (told) take(told);
  }

  // -- keys

  const numbered = ["account", "amount", "time", "name", "payer_account"];
  numbered.forEach((name, index) => on(`Alt+Digit${index + 1}`, () => focusOn(`f-${name}`), { label: says.keyField.replace("{n}", String(index + 1)), inFields: true, when: () => field(name) !== null }));
  on("Alt+KeyA", addRow, { label: says.keyAdd, inFields: true });
  on("Alt+KeyM", () => choose("merge"), { label: says.keyMerge, inFields: true });
  on("Alt+KeyL", () => choose("link"), { label: says.keyLink, inFields: true });
  on("Alt+KeyD", () => choose("different"), { label: says.keyDifferent, inFields: true });
  on("Alt+KeyP", () => focusOn("f-payer_account"), { label: says.keyPayer, inFields: true, when: () => field("payer_account") !== null });
  on("Alt+ArrowDown", ask, { label: says.keyAsk, inFields: true });
  on("Ctrl+Enter", () => (form.dataset.state === "sent" ? null : sendIt()), { label: says.keySend, inFields: true });
  on("Escape", leave, { label: says.keyLeave, inFields: true, when: () => !document.querySelector("dialog[open], details.menu[open]") });

  // -- what others do

  document.body.addEventListener("live:draft", (event) => { if (event.detail.id === says.draft && !state.isSending && !state.busy) refresh(); });
  document.body.addEventListener("live:case", () => { if (form.dataset.state === "sent") refresh(); });
  document.body.addEventListener("live:poll", () => { if (state.dirty.size) save(); else if (form.dataset.state === "sent") refresh(); });
  document.body.addEventListener("live:back", () => { if (state.dirty.size) save(); });
  window.addEventListener("online", () => { if (state.dirty.size) save(); });

  let refreshing = false;
  async function refresh() {
    if (refreshing || state.leaving) return;
    refreshing = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams([["do", "look"], ["seen", String(state.version)]]), headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch" }, cache: "no-store" });
      if (answer.ok && !state.dirty.size) take(await answer.json());
    } catch { /* the live line says so */ } finally { refreshing = false; }
  }

  // -- the race

  setInterval(() => {
    const call = document.getElementById("call-time");
    if (!call || "stopped" in call.dataset) return;
    const seconds = Math.max(0, Math.floor((serverNow() - Date.parse(call.dataset.began)) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    call.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    const bar = document.getElementById("call-progress");
    if (bar) bar.value = Math.min(60, seconds);
  }, 1000);

  window.addEventListener("beforeunload", (event) => { if (state.dirty.size && !state.leaving) { remember(); event.preventDefault(); } });

  recall();
  if ("sending" in form.dataset && !isReadOnly()) sendIt();
  else if (form.dataset.state === "open" && !isReadOnly() && !document.querySelector("[autofocus]")) {
    const first = [...numbered.map(field)].find((one) => one && !one.value) ?? field("account");
    first?.focus();
  }
}
