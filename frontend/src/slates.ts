// Recommendations seen and chosen. Seen means: a third of the shelf in view for a second.
import { tell } from "./beacon";

const SEEN_MS = 1000;

function properties(slate: HTMLElement): Record<string, unknown> {
  return { slate: slate.dataset.slate, policy: slate.dataset.policy };
}

function shown(slate: HTMLElement): void {
  const cards = [...slate.querySelectorAll<HTMLElement>("[data-course]")].filter((card) => card.offsetParent);
  const courses = cards.map((card) => Number(card.dataset.course));
  if (courses.length) tell("slate.shown", {}, { ...properties(slate), courses: courses.slice(0, 40) });
}

export function watchSlates(root: ParentNode = document): void {
  const waiting = new Map<Element, number>();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const slate = entry.target as HTMLElement;
        window.clearTimeout(waiting.get(slate));
        if (!entry.isIntersecting) continue;
        waiting.set(
          slate,
          window.setTimeout(() => {
            watcher.unobserve(slate);
            shown(slate);
          }, SEEN_MS),
        );
      }
    },
    { threshold: 0.3 },
  );
  root.querySelectorAll<HTMLElement>("[data-slate]").forEach((slate) => watcher.observe(slate));
}

export function watchChoices(): void {
  document.addEventListener("click", (click) => {
    const link = (click.target as Element | null)?.closest("a");
    const card = link?.closest<HTMLElement>("[data-course]");
    const slate = card?.closest<HTMLElement>("[data-slate]");
    if (!card || !slate) return;
    const about = { course_id: Number(card.dataset.course) };
    tell("slate.chosen", about, { ...properties(slate), position: Number(card.dataset.position) });
  });
}
