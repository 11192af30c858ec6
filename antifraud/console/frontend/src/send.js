// Send a change so that it happens once: the same key on every try, and nothing said to be sent before the server has answered.
const AGAIN_MS = [1000, 2000, 3000, 5000, 8000];

/** The token that the server gave this session, or a newer one. */
export function csrfToken(token) {
  const meta = document.querySelector('meta[name="csrf-token"]');
  if (token) meta.content = token;
  return meta?.content ?? "";
}

/**
 * Send a form, or a body to an address, until the server answers.
 * onRetry(tries, seconds) tells the page that it is not sent yet; signal stops trying. Resolves with the Response, whatever its status.
 */
export async function send(target, { method = "POST", body, key = crypto.randomUUID(), onRetry, signal, retry = true } = {}) {
  const isForm = target instanceof HTMLFormElement;
  const url = isForm ? target.action : target;
  const content = isForm ? new URLSearchParams(new FormData(target)) : body;
  const isPlain = content !== undefined && !(content instanceof URLSearchParams) && !(content instanceof FormData) && typeof content !== "string";
  const headers = { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch", "Idempotency-Key": key };
  if (isPlain) headers["Content-Type"] = "application/json";
  const began = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch(url, { method: isForm ? target.method.toUpperCase() : method, body: isPlain ? JSON.stringify(content) : content, headers: { ...headers, "X-CSRFToken": csrfToken() }, signal, cache: "no-store" });
      if (answer.status === 401 || !retry || ![502, 503, 504].includes(answer.status)) {
        if (answer.status === 401) document.body.dispatchEvent(new CustomEvent("send:signed-out"));
        return answer;
      }
    } catch (error) {
      if (error.name === "AbortError" || !retry) throw error;
    }
    onRetry?.(tries + 1, Math.round((performance.now() - began) / 1000));
    await pause(AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)], signal);
  }
}

/** Wait, but not longer than until the network is back. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = () => { clearTimeout(timer); window.removeEventListener("online", done); resolve(); };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("aborted", "AbortError")); }, { once: true });
  });
}
