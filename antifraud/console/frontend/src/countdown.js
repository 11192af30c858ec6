// Every [data-due] counts down once a second, also those that come later; silent, except at 5 min, 1 min and overdue of one's own.
import { serverNow, timeOfDay } from "./clock.js";

const SOON = 5 * 60_000, NEXT = 30 * 60_000, MINUTE = 60_000;
const SPOKEN_EVERY_MS = 10_000;
let lastSpoken = -SPOKEN_EVERY_MS;

/** Digits as the server writes them: 01:42, 1:52:10, +02:07. */
export function digits(leftMs) {
  // Rounded towards overdue on both sides of the instant: shown once a second, it is never a whole second behind.
  const seconds = Math.abs(Math.floor(leftMs / 1000));
  const hours = Math.floor(seconds / 3600), minutes = Math.floor((seconds % 3600) / 60), rest = seconds % 60;
  const sign = leftMs < 0 && seconds ? "+" : "";
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${sign}${hours}:${two(minutes)}:${two(rest)}` : `${sign}${two(minutes)}:${two(rest)}`;
}

/** late, soon (5 min), wait (30 min), or nothing. */
export function stateOf(leftMs) {
  return leftMs <= 0 ? "late" : leftMs <= SOON ? "soon" : leftMs <= NEXT ? "wait" : "";
}

function show(element, now) {
  const due = Date.parse(element.dataset.due), left = due - now, state = stateOf(left);
  const text = element.querySelector("b");
  const shown = digits(left);
  if (text && text.textContent !== shown) text.textContent = shown;
  const from = Date.parse(element.dataset.from ?? "");
  const whole = Number.isNaN(from) || from >= due ? NEXT : due - from;
  element.querySelector(".drain .left")?.setAttribute("width", state === "late" ? "100" : Math.max(0, Math.min(100, (100 * left) / whole)).toFixed(1));
  const before = element.dataset.left === undefined ? undefined : Number(element.dataset.left);
  element.dataset.left = String(Math.round(left));
  if (element.dataset.st !== state) {
    element.dataset.st = state;
    const follows = element.closest("[data-st-follow]");
    if (follows) follows.dataset.st = state;
    if (before !== undefined) document.body.dispatchEvent(new CustomEvent("countdown:state", { detail: { element, state } }));
  }
  if (before !== undefined && element.closest("[data-mine]")) speak(element, before, left, shown);
}

function speak(element, before, left, shown) {
  const crossed = [SOON, MINUTE, 0].some((line) => before > line && left <= line);
  if (!crossed || performance.now() - lastSpoken < SPOKEN_EVERY_MS) return;
  lastSpoken = performance.now();
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = `${element.getAttribute("aria-label") ?? ""} ${shown}`;
}

/** Show every countdown and the clock as of now. */
export function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll("[data-due]")) show(element, now);
  const clock = document.getElementById("clock");
  if (clock) clock.textContent = timeOfDay(now);
}

/** Begin; each tick falls just after a whole second of the server, so that all digits change together. */
export function startTicking() {
  const again = () => {
    tick();
    setTimeout(again, Math.max(50, 1000 - (serverNow() % 1000) + 10));
  };
  again();
  document.body.addEventListener("htmx:afterSettle", tick);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
}
