// The small behaviours of components. Each page works without them.
import "./unfence";
import Alpine from "@alpinejs/csp";

interface ShelfRefs {
  track: HTMLElement;
}

/** Tells `root` at which ends of a scrolling `track` there is more: styles fade it there. */
function tellEnds(track: HTMLElement, root: HTMLElement): { atStart: boolean; atEnd: boolean } {
  const room = track.scrollWidth - track.clientWidth;
  const atStart = track.scrollLeft <= 8;
  const atEnd = track.scrollLeft >= room - 8;
  root.toggleAttribute("data-scrolls", room > 8);
  root.dataset.more = [atStart ? "" : "start", atEnd ? "" : "end"].filter(Boolean).join(" ");
  return { atStart, atEnd };
}

function watchEnds(track: HTMLElement, measure: () => void): void {
  measure();
  track.addEventListener("scroll", measure, { passive: true });
  new ResizeObserver(measure).observe(track);
}

/** Arrows, fade and arrow keys of a shelf. */
function shelf() {
  return {
    atStart: true,
    atEnd: true,
    $refs: {} as ShelfRefs,
    $root: null as unknown as HTMLElement,

    init() {
      watchEnds(this.$refs.track, () => this.measure());
    },

    measure() {
      Object.assign(this, tellEnds(this.$refs.track, this.$root));
    },

    turn(direction: number) {
      const track = this.$refs.track;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      track.scrollBy({ left: direction * track.clientWidth * 0.9, behavior: still ? "auto" : "smooth" });
    },

    back() {
      this.turn(-1);
    },

    forth() {
      this.turn(1);
    },

    step(event: KeyboardEvent) {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      const links = [...this.$refs.track.querySelectorAll<HTMLAnchorElement>(".course-card-title a")];
      const here = links.indexOf(document.activeElement as HTMLAnchorElement);
      const next = links[here + (event.key === "ArrowRight" ? 1 : -1)];
      if (here < 0 || !next) return;
      event.preventDefault();
      next.focus();
      next.closest("li")?.scrollIntoView({ inline: "nearest", block: "nearest" });
    },
  };
}

/** A menu made of <details>: closes on Escape and on a click elsewhere. */
function menu() {
  return {
    $root: null as unknown as HTMLDetailsElement,

    close() {
      this.$root.open = false;
    },

    escape() {
      if (!this.$root.open) return;
      this.$root.open = false;
      this.$root.querySelector("summary")?.focus();
    },
  };
}

/** Opens the <dialog> that follows its button. */
function sheet() {
  return {
    $root: null as unknown as HTMLElement,

    open() {
      this.$root.querySelector("dialog")?.showModal();
    },
  };
}

/** A short message that leaves by itself, but not while it is pointed at. */
function toast() {
  return {
    $root: null as unknown as HTMLElement,

    init() {
      const leave = (): void => {
        if (this.$root.matches(":hover, :focus-within")) window.setTimeout(leave, 1000);
        else this.$root.remove();
      };
      window.setTimeout(leave, 5000);
    },
  };
}

/** Shows what was typed, and hides it again before it is sent. The button comes with the script. */
function password() {
  return {
    $root: null as unknown as HTMLElement,

    init() {
      this.$root.querySelector("button")?.toggleAttribute("hidden", false);
      this.$root.closest("form")?.addEventListener("submit", () => this.show(false));
    },

    toggle() {
      this.show(this.$root.querySelector("button")?.getAttribute("aria-pressed") !== "true");
    },

    show(shown: boolean) {
      this.$root.querySelector("input")?.setAttribute("type", shown ? "text" : "password");
      this.$root.querySelector("button")?.setAttribute("aria-pressed", String(shown));
    },
  };
}

/** A button that waits for its seconds, and counts them. Without a script it can be pressed at once, and is told to wait. */
function again() {
  return {
    $root: null as unknown as HTMLButtonElement,

    init() {
      const label = this.$root.querySelector("span");
      const words = label?.textContent ?? "";
      const until = Date.now() + Number(this.$root.dataset.seconds) * 1000;
      const count = (): void => {
        const left = Math.ceil((until - Date.now()) / 1000);
        this.$root.disabled = left > 0;
        if (label) label.textContent = left > 0 ? (this.$root.dataset.words ?? "").replace("{n}", String(left)) : words;
        if (left > 0) window.setTimeout(count, 500);
      };
      count();
    },
  };
}

/** Puts its data-text on the clipboard, and says so; only where there is a clipboard. */
function copy() {
  return {
    $root: null as unknown as HTMLButtonElement,

    init() {
      this.$root.hidden = !navigator.clipboard;
    },

    async copy() {
      const { text, done } = this.$root.dataset;
      const label = this.$root.querySelector("span");
      const before = label?.textContent ?? "";
      await navigator.clipboard.writeText(text ?? "");
      if (label) label.textContent = done ?? before;
      window.setTimeout(() => label && (label.textContent = before), 2000);
    },
  };
}

/** Says how many boxes of a form are ticked. */
function choosing() {
  return {
    $root: null as unknown as HTMLElement,

    init() {
      this.count();
    },

    count() {
      const place = this.$root.querySelector<HTMLElement>("[data-chosen]");
      const chosen = this.$root.querySelectorAll("input:checked").length;
      if (place) place.textContent = chosen ? (place.dataset.chosen ?? "").replace("{n}", String(chosen)) : "";
    },
  };
}

/** A file field says what was chosen, and shows that it takes what is dragged over it. */
function watchFiles(): void {
  const of = (event: Event): HTMLElement | null => (event.target as HTMLElement).closest<HTMLElement>("[data-file]");
  document.addEventListener("change", (event) => {
    const words = of(event)?.querySelector<HTMLElement>("[data-file-name]");
    const files = (event.target as HTMLInputElement).files;
    if (!words || !files) return;
    words.dataset.empty ??= words.textContent ?? "";
    words.textContent = files[0]?.name ?? words.dataset.empty;
    of(event)?.classList.toggle("has-file", files.length > 0);
  });
  document.addEventListener("dragover", (event) => of(event)?.classList.add("is-over"));
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, (event) => of(event)?.classList.remove("is-over"));
}

export function startParts(): void {
  watchFiles();
  Alpine.data("shelf", shelf);
  Alpine.data("menu", menu);
  Alpine.data("sheet", sheet);
  Alpine.data("toast", toast);
  Alpine.data("password", password);
  Alpine.data("again", again);
  Alpine.data("copy", copy);
  Alpine.data("choosing", choosing);
  Alpine.start();
  for (const row of document.querySelectorAll<HTMLElement>(".choices")) watchEnds(row, () => tellEnds(row, row));
}
