// Recommendations and prices seen, and what is chosen. Seen means: a third of it in view for a second.
import { mayTell, tell } from "./beacon";

const SEEN_MS = 1000;
const MOST_SHOWN = 40;

function properties(slate: HTMLElement): Record<string, unknown> {
  return { slate: slate.dataset.slate, policy: slate.dataset.policy };
}

/** The chance with which the policy put a card where it is. */
function propensity(card: HTMLElement): number {
  return Number(card.dataset.propensity ?? 1);
}

function offered(price: HTMLElement): void {
  const { offer, priceFen, listPriceFen } = price.dataset;
  const list = listPriceFen ? { list_price_fen: Number(listPriceFen) } : {};
  tell("offer.seen", { course_id: Number(offer) }, { price_fen: Number(priceFen), ...list });
}

function shown(slate: HTMLElement): void {
  const cards = [...slate.querySelectorAll<HTMLElement>("[data-course]")].filter((card) => card.offsetParent);
  const courses = cards.map((card) => Number(card.dataset.course));
  if (!courses.length) return;
  const propensities = cards.map(propensity);
  const told = { courses: courses.slice(0, MOST_SHOWN), propensities: propensities.slice(0, MOST_SHOWN) };
  tell("slate.shown", {}, { ...properties(slate), ...told });
}

/** Call `seen` once for each of `parts` that is looked at. */
function whenSeen(parts: Iterable<HTMLElement>, seen: (part: HTMLElement) => void): void {
  const waiting = new Map<Element, number>();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const part = entry.target as HTMLElement;
        window.clearTimeout(waiting.get(part));
        if (!entry.isIntersecting) continue;
        waiting.set(
          part,
          window.setTimeout(() => {
            watcher.unobserve(part);
            seen(part);
          }, SEEN_MS),
        );
      }
    },
    { threshold: 0.3 },
  );
  for (const part of parts) watcher.observe(part);
}

export function watchSlates(root: ParentNode = document): void {
  if (mayTell("slate.shown")) whenSeen(root.querySelectorAll<HTMLElement>("[data-slate]"), shown);
}

/** A price stands more than once on a page, of which a screen shows one: the first that is seen is told. */
export function watchOffers(): void {
  if (!mayTell("offer.seen")) return;
  const told = new Set<string | undefined>();
  whenSeen(document.querySelectorAll<HTMLElement>("[data-offer]"), (price) => {
    if (!told.has(price.dataset.offer)) offered(price);
    told.add(price.dataset.offer);
  });
}

export function watchChoices(): void {
  document.addEventListener("click", (click) => {
    const link = (click.target as Element | null)?.closest("a");
    const card = link?.closest<HTMLElement>("[data-course]");
    const slate = card?.closest<HTMLElement>("[data-slate]");
    if (!card || !slate) return;
    const about = { course_id: Number(card.dataset.course) };
    tell("slate.chosen", about, { ...properties(slate), position: Number(card.dataset.position), propensity: propensity(card) });
  });
}
