/** The six calls of the stand-in server. */

async function call(path, body) {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  return response.json();
}

async function outcome(path, body) {
  try {
    const answer = await call(path, body);
    return answer.ok ? { ok: true } : { ok: false, error: answer.error || "That did not work." };
  } catch {
    return { ok: false, error: "The demo server does not answer. Is it still running?" };
  }
}

export async function readState() {
  const state = await call("/page/state");
  if (!Array.isArray(state?.messages)) throw new Error("not a state");
  return state;
}

export const send = (channel, text) => outcome("/page/send", { channel, text });
export const unarchive = (channel) => outcome("/page/unarchive", { channel });
export const act = (action) => outcome("/page/action", action);
export const openEvents = (lastEventId) => new EventSource(`/page/events?last_event_id=${lastEventId}`);
