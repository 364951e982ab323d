// Tells the event log what happens in the browser: queued, sent in batches, repeated until received.
// Every event carries its own id, so one that arrives twice is counted once.

interface Told {
  id: string;
  name: string;
  at: string;
  course_id?: number;
  lesson_id?: number;
  properties?: Record<string, unknown>;
}

type About = Pick<Told, "course_id" | "lesson_id">;

const KEEP = "zy-beacon";
const BATCH = 50;
const MOST_KEPT = 200;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

const address = document.querySelector<HTMLMetaElement>("meta[name='zy-events']")?.content ?? "";
let queue: Told[] = recalled();
let timer = 0;
let wait = FIRST_WAIT_MS;
let sending = false;

/** What an earlier page could not send. */
function recalled(): Told[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEEP) ?? "[]") as Told[];
    sessionStorage.removeItem(KEEP);
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function keep(): void {
  try {
    if (queue.length) sessionStorage.setItem(KEEP, JSON.stringify(queue.slice(-MOST_KEPT)));
    else sessionStorage.removeItem(KEEP);
  } catch {
    // Storage may be full or forbidden; the events of this page are then lost with it.
  }
}

function identifier(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  // Plain http on a local network has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Queue one event of the vocabulary. */
export function tell(name: string, about: About, properties?: Record<string, unknown>): void {
  if (!address) return;
  queue.push({ id: identifier(), name, at: new Date().toISOString(), ...about, ...(properties && { properties }) });
  schedule(queue.length >= BATCH ? 0 : FIRST_WAIT_MS);
}

function schedule(milliseconds: number): void {
  if (timer || sending || !queue.length) return;
  timer = window.setTimeout(() => {
    timer = 0;
    void send();
  }, milliseconds);
}

async function send(): Promise<void> {
  if (sending || !queue.length) return;
  sending = true;
  const batch = queue.slice(0, BATCH);
  const arrived = await post(batch);
  sending = false;
  if (arrived) {
    const gone = new Set(batch.map((event) => event.id));
    queue = queue.filter((event) => !gone.has(event.id));
    wait = FIRST_WAIT_MS;
  } else {
    queue = queue.slice(-MOST_KEPT);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
  keep();
  schedule(wait);
}

/** True when there is no use in sending the batch again: received, or refused as malformed. */
async function post(batch: Told[]): Promise<boolean> {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ events: batch }),
      credentials: "same-origin",
      keepalive: true,
    });
    return answer.status < 500 && answer.status !== 408 && answer.status !== 429;
  } catch {
    return false;
  }
}

/** The page is being left: hand the rest to the browser, and keep what it will not take. */
function leave(): void {
  if (!queue.length) return;
  const batch = queue.slice(0, BATCH);
  const body = new Blob([JSON.stringify({ events: batch })], { type: "application/json" });
  if (navigator.sendBeacon(address, body)) queue = queue.slice(batch.length);
  keep();
}

const leaving: (() => void)[] = [];

/** Run `last` just before the page goes to the background, in time for its events to be sent. */
export function beforeLeaving(last: () => void): void {
  leaving.push(last);
}

export function startBeacon(): void {
  if (!address) return;
  tell("page.viewed", {}, { path: location.pathname.slice(0, 300) });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    leaving.forEach((last) => last());
    leave();
  });
}
