// Tells the event log what happens in the browser: queued, sent in batches, repeated until received.
// Every event carries its own id, so one that arrives twice is counted once. Every batch carries what the clock says
// when it leaves, by which a clock that is wrong is set right. What nobody consented to isn't queued, and a page that
// may tell nothing names no address: what an earlier page couldn't send is then forgotten.

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
// Fifty events are some 15 kB; of what a browser sends for pages that are gone it takes 64 kB at once.
const BATCH = 50;
const MOST_KEPT = 200;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const DONE = -1;

// The service itself keeps a reader's place, whatever they consent to.
const NEEDED = "lesson.progressed";
// What says which version somebody saw, and what they did next, serves experiments too.
const OF_EXPERIMENTS = ["slate.shown", "slate.chosen"];

const address = document.querySelector<HTMLMetaElement>("meta[name='zy-events']")?.content ?? "";
let queue: Told[] = recalled();
let timer = 0;
// How long until the next try; longer after each that failed.
let wait = FIRST_WAIT_MS;
let sending = false;

/** Whether an event of this name may be told: the page names an address, and the person consents to something that the
 *  event serves. A page that doesn't say what they consent to has no consent. */
export function mayTell(name: string): boolean {
  if (!address) return false;
  if (name === NEEDED) return true;
  const said = document.querySelector<HTMLMetaElement>("meta[name='zy-consent']")?.content ?? "";
  const granted = said.split(" ");
  return (
    granted.includes("analytics") ||
    granted.includes("personalisation") ||
    (granted.includes("experiments") && OF_EXPERIMENTS.includes(name))
  );
}

/** What an earlier page could not send. */
function recalled(): Told[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEEP) ?? "[]") as Told[];
    sessionStorage.removeItem(KEEP);
    return Array.isArray(kept) ? kept.filter((event) => mayTell(event.name)).slice(-MOST_KEPT) : [];
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

/** Queue one event of the vocabulary, where it may be told. */
export function tell(name: string, about: About, properties?: Record<string, unknown>): void {
  if (!mayTell(name)) return;
  queue.push({ id: identifier(), name, at: new Date().toISOString(), ...about, ...(properties && { properties }) });
  // Where nothing gets through, the newest are worth most.
  if (queue.length > MOST_KEPT) queue = queue.slice(-MOST_KEPT);
  schedule(queue.length >= BATCH && wait === FIRST_WAIT_MS ? 0 : wait);
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
  const again = await post(batch);
  sending = false;
  if (again === DONE) {
    const gone = new Set(batch.map((event) => event.id));
    queue = queue.filter((event) => !gone.has(event.id));
    wait = FIRST_WAIT_MS;
  } else {
    // Not all browsers at the same moment, when a server comes back.
    wait = Math.max(Math.min(wait * 2, LONGEST_WAIT_MS) * (0.75 + Math.random() / 2), again);
  }
  keep();
  schedule(wait);
}

function body(batch: Told[]): string {
  return JSON.stringify({ sent_at: new Date().toISOString(), events: batch });
}

/** DONE when there is no use in sending the batch again: received, or refused as malformed. Else for how many
 *  milliseconds the server wants to be left alone, 0 where it didn't say. */
async function post(batch: Told[]): Promise<number> {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: body(batch),
      credentials: "same-origin",
      keepalive: true,
    });
    if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) return DONE;
    return 1000 * (Number(answer.headers.get("Retry-After")) || 0);
  } catch {
    return 0;
  }
}

/** The page is being left: hand the rest to the browser, and keep for the next page what it will not take. It says no
 *  where too much is under way already. */
function leave(): void {
  while (queue.length) {
    const batch = queue.slice(0, BATCH);
    if (!navigator.sendBeacon(address, new Blob([body(batch)], { type: "application/json" }))) break;
    queue = queue.slice(batch.length);
  }
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
  const goodbye = (): void => {
    leaving.forEach((last) => last());
    leave();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") goodbye();
  });
  // Some browsers leave a page without hiding it first.
  addEventListener("pagehide", goodbye);
}
