// The server's clock: what every countdown counts by, however wrong this computer's own clock is.
const meta = document.querySelector('meta[name="server-clock"]');
let base = { server: Date.parse(meta?.content ?? "") || Date.now(), local: performance.now(), rate: Number(meta?.dataset.rate ?? 1) };
const WRONG_MS = 60_000;

/** The present instant of the server's clock, in milliseconds since 1970. */
export function serverNow() {
  return base.server + (performance.now() - base.local) * base.rate;
}

/** Take an instant that the server has just told; the rate is how many of its seconds pass in a real one. */
export function setClock(iso, rate) {
  const server = Date.parse(iso);
  if (Number.isNaN(server)) return;
  base = { server, local: performance.now(), rate: Number.isFinite(rate) ? rate : 1 };
}

/** How many seconds this computer's clock is off, if that is worth a word; 0 while the service's clock is a practice clock. */
export function secondsOff() {
  if (base.rate !== 1) return 0;
  const off = Math.abs(Date.now() - serverNow());
  return off > WRONG_MS ? Math.round(off / 1000) : 0;
}

/** An instant as the time of day in the centre's zone. */
export function timeOfDay(ms, zone = document.getElementById("clock")?.dataset.zone) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone || "UTC" }).format(ms);
}
