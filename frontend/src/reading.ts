// How far and how long a lesson was really read: only while the page is in front and the reader is there.
import { beforeLeaving, tell } from "./beacon";

const SIZES = ["s", "m", "l", "xl"];
const YEAR_S = 365 * 24 * 3600;
const TELL_EVERY_S = 10;
const IDLE_AFTER_MS = 60_000;

function length(block: HTMLElement): number {
  return block.textContent?.length ?? 0;
}

/** A− and A+ in place; the cookie is the one the server writes where there is no script. */
function stepTextSize(text: HTMLElement): void {
  const form = document.querySelector<HTMLFormElement>("[data-text-steps]");
  const buttons = [...(form?.querySelectorAll<HTMLButtonElement>("[data-step]") ?? [])];
  form?.addEventListener("submit", (submit) => {
    const button = (submit as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!button?.dataset.step) return;
    submit.preventDefault();
    const place = SIZES.indexOf(text.dataset.textSize ?? "m") + Number(button.dataset.step);
    text.dataset.textSize = SIZES[Math.min(Math.max(place, 0), SIZES.length - 1)];
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zy_text=${text.dataset.textSize}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
    for (const one of buttons) one.disabled = SIZES[place + Number(one.dataset.step)] === undefined;
  });
}

export function watchReading(): void {
  const text = document.querySelector<HTMLElement>("[data-lesson]");
  if (!text) return;
  stepTextSize(text);
  const about = { course_id: Number(text.dataset.inCourse), lesson_id: Number(text.dataset.lesson) };
  const bar = document.querySelector<HTMLProgressElement>("[data-reading-bar]");
  const blocks = [...text.children] as HTMLElement[];
  const whole = blocks.reduce((sum, block) => sum + length(block), 0);
  const seen = new Set<HTMLElement>();
  const isPreview = text.dataset.preview !== undefined;
  let told = 0;
  let seconds = 0;
  let lastSign = Date.now();

  const percent = (): number => {
    const read = [...seen].reduce((sum, block) => sum + length(block), 0);
    return whole ? Math.round((100 * read) / whole) : 100;
  };

  // Called once a second: what was only scrolled past is not in view at any of these moments.
  const look = (): void => {
    for (const block of blocks) {
      const box = block.getBoundingClientRect();
      if (box.bottom > 0 && box.top < innerHeight) seen.add(block);
    }
    if (bar) bar.value = percent();
  };

  const report = (): void => {
    if (seconds === 0) return;
    told = percent();
    tell(isPreview ? "preview.progressed" : "lesson.progressed", about, {
      percent: told,
      seconds: Math.min(seconds, 60),
    });
    seconds = 0;
  };

  let isOver = false;
  const end = (): void => {
    if (!isOver) tell("preview.ended", about, { percent: percent() });
    isOver = true;
  };

  if (isPreview) tell("preview.started", about);

  const sign = (): void => {
    lastSign = Date.now();
  };

  for (const kind of ["scroll", "pointermove", "keydown", "touchstart"]) {
    addEventListener(kind, sign, { passive: true });
  }
  window.setInterval(() => {
    if (document.visibilityState !== "visible" || Date.now() - lastSign > IDLE_AFTER_MS) return;
    seconds += 1;
    look();
    if (seconds >= TELL_EVERY_S || (told < 100 && percent() === 100)) report();
  }, 1000);
  beforeLeaving(report);
  if (isPreview) beforeLeaving(end);
}
