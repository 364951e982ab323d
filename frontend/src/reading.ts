// How far and how long a lesson was really read: only while the page is in front and the reader is there.
import { beforeLeaving, tell } from "./beacon";

const TELL_EVERY_S = 10;
const IDLE_AFTER_MS = 60_000;

export function watchReading(): void {
  const text = document.querySelector<HTMLElement>("[data-lesson]");
  if (!text) return;
  const about = { course_id: Number(text.dataset.inCourse), lesson_id: Number(text.dataset.lesson) };
  const bar = document.querySelector<HTMLProgressElement>("[data-reading-bar]");
  let furthest = 0;
  let told = 0;
  let seconds = 0;
  let lastSign = Date.now();

  const look = (): void => {
    const box = text.getBoundingClientRect();
    const seen = Math.min(Math.max(innerHeight - box.top, 0), box.height);
    const percent = Math.round((100 * seen) / Math.max(box.height, 1));
    furthest = Math.max(furthest, Math.min(percent, 100));
    if (bar) bar.value = Math.max(0, Math.min(100, percent));
  };

  const report = (): void => {
    if (seconds === 0) return;
    tell("lesson.progressed", about, { percent: furthest, seconds: Math.min(seconds, 60) });
    told = furthest;
    seconds = 0;
  };

  const sign = (): void => {
    lastSign = Date.now();
    look();
  };

  for (const kind of ["scroll", "pointermove", "keydown", "touchstart"]) {
    addEventListener(kind, sign, { passive: true });
  }
  window.setInterval(() => {
    if (document.visibilityState !== "visible" || Date.now() - lastSign > IDLE_AFTER_MS) return;
    seconds += 1;
    look();
    if (seconds >= TELL_EVERY_S || (furthest === 100 && told < 100 && seconds >= 2)) report();
  }, 1000);
  beforeLeaving(report);
  look();
}
