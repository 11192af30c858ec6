// One stream of hints per page. Down: asks every five seconds instead, and says so; back: says what changed meanwhile.
import { secondsOff, serverNow, setClock, timeOfDay } from "./clock.js";
import { tick } from "./countdown.js";
import { banner, clearBanner, filled } from "./banner.js";

const SHAKY_MS = 10_000, OFF_MS = 20_000, POLL_MS = 5_000, GIVE_UP_MS = 12_000, RETRY_MS = 2_000;
const place = document.getElementById("live");
const texts = document.getElementById("banners")?.dataset ?? {};
let source = null, lastBeat = performance.now(), lastInstant = serverNow(), state = "connecting", retry = 0, everLive = false;

/** Whether what the page shows may be out of date. */
export const isStale = () => state === "off";

const tell = (name, detail = {}) => document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));

/** Open the stream and keep watch over it. */
export function startLive() {
  if (!place) return;
  connect();
  setInterval(watch, 1000);
  setInterval(poll, POLL_MS);
  window.addEventListener("online", reconnect);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && performance.now() - lastBeat > SHAKY_MS) reconnect(); });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) reconnect(); });
}

function connect() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource("/live");
  source.addEventListener("beat", (event) => beat(JSON.parse(event.data)));
  source.addEventListener("case", (event) => hint("case", JSON.parse(event.data).id));
  source.addEventListener("draft", (event) => hint("draft", JSON.parse(event.data).id));
  source.addEventListener("reload", () => { tell("live:tasks"); tell("live:poll"); });
  source.addEventListener("signed-out", signedOut);
  // A refused stream (503: too many; 401: signed out) is not asked for again by the browser itself.
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, everLive ? RETRY_MS : GIVE_UP_MS); };
}

function reconnect() {
  connect();
}

function hint(kind, id) {
  tell(`live:${kind}`, { id });
  if (kind === "case") tell("live:tasks", { id });
}

function beat(told) {
  const wasOff = state === "off", since = lastInstant;
  everLive = true;
  alive(told.now, told.rate);
  showMachine(told.machine);
  enter("live");
  if (wasOff) changesSince(since);
  if (wasOff) {
    tell("live:tasks");
    tell("live:poll");
  }
}

function alive(now, rate) {
  lastBeat = performance.now();
  setClock(now, rate);
  lastInstant = serverNow();
  tick();
  const off = secondsOff();
  if (off) banner("clock", "soon", filled(texts.clock, { s: off }));
  else clearBanner("clock");
}

function showMachine(machine) {
  const box = document.getElementById("machine");
  if (!box || !machine) return;
  if (box.dataset.st !== machine.look) box.dataset.st = machine.look;
  const word = box.querySelector(".machine-word");
  if (word.textContent !== machine.word) word.textContent = machine.word;
  box.querySelector(".machine-lines").replaceChildren(...machine.lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  tell("live:machine", machine);
}

function watch() {
  const silent = performance.now() - lastBeat;
  if (silent > OFF_MS) enter("off");
  else if (silent > SHAKY_MS) enter("shaky", Math.round(silent / 1000));
}

// While the stream is down: the same news by asking, and the only news there is while it is refused.
async function poll() {
  if (performance.now() - lastBeat < SHAKY_MS && everLive) return;
  if (!everLive && performance.now() - lastBeat < POLL_MS) return;
  try {
    const answer = await fetch("/pulse", { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
    if (answer.status === 401) return signedOut();
    if (!answer.ok) return;
    const told = await answer.json();
    const wasOff = state === "off", since = lastInstant;
    alive(told.now, told.rate);
    showMachine(told.machine);
    enter("polling");
    if (wasOff) changesSince(since);
    tell("live:tasks");
    tell("live:poll");
    if (wasOff) connect();
  } catch { /* no network: the watch says so */ }
}

function signedOut() {
  source?.close();
  clearTimeout(retry);
  banner("signed-out", "soon", texts.signedOut, { text: texts.signIn, href: `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}` });
}

function enter(next, seconds) {
  const data = place.dataset;
  const look = { live: "done", polling: "soon", shaky: "soon", off: "late", connecting: "soon" }[next];
  const word = { live: data.live, polling: data.polling, shaky: filled(data.shaky, { s: seconds }), off: data.off, connecting: data.connecting }[next];
  if (data.st !== look) data.st = look;
  const shown = place.querySelector(".live-word");
  if (shown.textContent !== word) shown.textContent = word;
  if (next === state) return;
  const before = state;
  state = next;
  if (next === "off") {
    document.body.classList.add("stale");
    const machine = document.getElementById("machine");
    if (machine) {
      machine.dataset.st = "soon";
      machine.querySelector(".machine-word").textContent = machine.dataset.unknown;
      machine.querySelector(".machine-lines").replaceChildren();
    }
    banner("offline", "soon", filled(texts.offline, { at: timeOfDay(lastInstant) }), { text: texts.again, act: reconnect }, "alert");
    tell("live:stale", { at: lastInstant });
  } else if (before === "off" && next !== "shaky") {
    document.body.classList.remove("stale");
    clearBanner("offline");
    tell("live:back");
  }
}

// How many things changed while the page could not hear of it, asked of the server by the instant of the last sign of life.
async function changesSince(instant) {
  const since = encodeURIComponent(new Date(instant).toISOString());
  try {
    const answer = await fetch(`/pulse?since=${since}`, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
    if (!answer.ok) return;
    const { changed } = await answer.json();
    // Nothing known: the server itself was away.
    const text = changed === null ? texts.backSome : changed ? filled(texts.back, { n: changed }) : texts.backNone;
    banner("back", "done", text, changed !== 0 ? { text: texts.take, act: () => { tell("live:take"); clearBanner("back"); } } : undefined);
    setTimeout(() => clearBanner("back"), changed !== 0 ? 60_000 : 6_000);
  } catch { /* the next beat will tell */ }
}
