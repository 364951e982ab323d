// The search box: suggestions by arrow keys, Enter and Escape. And which of the results is opened.
import { tell } from "./beacon";

function parts(form: HTMLElement): { input: HTMLInputElement; list: HTMLElement } | null {
  const input = form.querySelector<HTMLInputElement>("input[type=search]");
  const list = form.querySelector<HTMLElement>(".suggestions");
  return input && list ? { input, list } : null;
}

function options(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[role=option]")];
}

function show(input: HTMLInputElement, list: HTMLElement, open: boolean): void {
  const shown = open && options(list).length > 0;
  list.hidden = !shown;
  input.setAttribute("aria-expanded", String(shown));
  if (!shown) choose(input, list, null);
}

function choose(input: HTMLInputElement, list: HTMLElement, chosen: HTMLElement | null): void {
  for (const option of options(list)) option.setAttribute("aria-selected", String(option === chosen));
  if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  else input.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function go(option: HTMLElement): void {
  if (option.dataset.href) location.assign(option.dataset.href);
}

function press(key: KeyboardEvent, input: HTMLInputElement, list: HTMLElement): void {
  // While a Chinese word is being composed, its keys belong to the input method.
  if (key.isComposing) return;
  const all = options(list);
  const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if ((key.key === "ArrowDown" || key.key === "ArrowUp") && all.length) {
    key.preventDefault();
    show(input, list, true);
    const next = key.key === "ArrowDown" ? here + 1 : here - 1 + (here < 0 ? all.length + 1 : 0);
    choose(input, list, all[next] ?? null);
  } else if (key.key === "Enter" && !list.hidden && all[here]) {
    key.preventDefault();
    go(all[here]);
  } else if (key.key === "Escape" && !list.hidden) {
    key.preventDefault();
    show(input, list, false);
  }
}

function startBox(form: HTMLElement): void {
  const found = parts(form);
  if (!found) return;
  const { input, list } = found;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.addEventListener("keydown", (key) => press(key, input, list));
  input.addEventListener("blur", () => show(input, list, false));
  list.addEventListener("htmx:afterSwap", () => show(input, list, document.activeElement === input));
  // Before the box loses focus, which would close the list under the pointer.
  list.addEventListener("mousedown", (press) => press.preventDefault());
  list.addEventListener("click", (click) => {
    const option = (click.target as Element).closest<HTMLElement>("[role=option]");
    if (option) go(option);
  });
}

export function startSearch(): void {
  document.querySelectorAll<HTMLElement>("[data-search]").forEach(startBox);
  document.addEventListener("click", (click) => {
    const row = (click.target as Element | null)?.closest("a")?.closest<HTMLElement>("[data-position]");
    const group = row?.closest<HTMLElement>("[data-found]");
    const words = group?.closest<HTMLElement>("[data-searched]")?.dataset.searched;
    if (!row || !group || !words) return;
    tell("search.chosen", {}, { words, kind: group.dataset.found, position: Number(row.dataset.position) });
  });
}
