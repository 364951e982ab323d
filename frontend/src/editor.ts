// The bar over a text in Markdown: it writes the signs, uploads pictures, and on a phone shows text or page.

type Change = { before: string; after?: string; word: string } | { line: string; word: string };

const CHANGES: Record<string, Change> = {
  bold: { before: "**", after: "**", word: "bold" },
  heading: { line: "## ", word: "heading" },
  list: { line: "- ", word: "list" },
  quote: { line: "> ", word: "quote" },
  code: { before: "`", after: "`", word: "code" },
  link: { before: "[", after: "](https://)", word: "link" },
};
const KEYS: Record<string, string> = { b: "bold", k: "link" };

function fieldOf(bar: Element): HTMLTextAreaElement | null {
  return document.getElementById(bar.getAttribute("aria-controls") ?? "") as HTMLTextAreaElement | null;
}

/** Put text in place of what is chosen, so that it can be undone, and choose a part of it. */
function put(field: HTMLTextAreaElement, text: string, from: number, to: number): void {
  const start = field.selectionStart;
  field.focus();
  // The only way that keeps the browser's own undoing; where it is gone the text comes in all the same.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, start, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.setSelectionRange(start + from, start + to);
}

function around(field: HTMLTextAreaElement, before: string, after: string, word: string): void {
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  if (before === "`" && chosen.includes("\n")) [before, after] = ["```\n", "\n```"];
  const inner = chosen || word;
  put(field, before + inner + after, before.length, before.length + inner.length);
}

/** Lines get the sign at their beginning, or lose it where all have it. */
function lines(field: HTMLTextAreaElement, sign: string, word: string): void {
  const begin = field.value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = field.value.indexOf("\n", field.selectionEnd);
  const end = next < 0 ? field.value.length : next;
  const old = field.value.slice(begin, end).split("\n");
  const off = old.every((line) => line.startsWith(sign));
  const made = off ? old.map((line) => line.slice(sign.length)) : old.map((line) => sign + (line || (old.length === 1 ? word : "")));
  field.setSelectionRange(begin, end);
  const text = made.join("\n");
  put(field, text, off || old.length > 1 ? 0 : sign.length, text.length);
}

function change(bar: HTMLElement, name: string): void {
  const field = fieldOf(bar);
  const known = CHANGES[name];
  if (!field || !known) return;
  const word = bar.querySelector<HTMLElement>(`[data-mark="${name}"]`)?.dataset.word ?? known.word;
  if ("line" in known) lines(field, known.line, word);
  else around(field, known.before, known.after ?? "", word);
}

function say(bar: HTMLElement, words: string): void {
  const note = bar.querySelector<HTMLElement>("[data-said]");
  if (note) note.textContent = words;
}

async function upload(bar: HTMLElement, file: File): Promise<void> {
  const field = fieldOf(bar);
  if (!field?.form) return;
  const sent = new FormData();
  sent.set("picture", file);
  sent.set("csrfmiddlewaretoken", new FormData(field.form).get("csrfmiddlewaretoken") ?? "");
  say(bar, bar.dataset.uploading ?? "");
  try {
    const answer = await fetch(bar.dataset.pictures ?? "", { method: "POST", body: sent });
    const told = (await answer.json()) as { address?: string; message?: string };
    if (told.address) {
      // The words that are read where the picture isn't seen stand chosen: they are the next thing to write.
      const words = bar.dataset.describe ?? "";
      put(field, `![${words}](${told.address})`, 2, 2 + words.length);
    }
    say(bar, told.message ?? bar.dataset.described ?? "");
  } catch {
    say(bar, bar.dataset.failed ?? "");
  }
}

function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}

function barOf(target: EventTarget | null): HTMLElement | null {
  const field = target as HTMLElement | null;
  return field instanceof HTMLTextAreaElement && field.id
    ? document.querySelector<HTMLElement>(`[data-bar][aria-controls="${field.id}"]`)
    : null;
}

/** One stop for Tab; the arrows go on from button to button. */
function step(event: KeyboardEvent): void {
  const bar = (event.target as HTMLElement).closest<HTMLElement>("[data-bar]");
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!bar || !by) return;
  const buttons = [...bar.querySelectorAll<HTMLButtonElement>("[data-mark]")];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  if (at < 0) return;
  const next = buttons[(at + by + buttons.length) % buttons.length];
  if (!next) return;
  event.preventDefault();
  buttons.forEach((button) => (button.tabIndex = -1));
  next.tabIndex = 0;
  next.focus();
}

function press(button: HTMLElement): void {
  const bar = button.closest<HTMLElement>("[data-bar]");
  const name = button.dataset.mark ?? "";
  if (!bar) return;
  if (name === "picture") bar.querySelector<HTMLInputElement>("input[type=file]")?.click();
  else change(bar, name);
}

function showSide(button: HTMLElement): void {
  const sides = button.closest("[data-sides]");
  if (!sides) return;
  sides.setAttribute("data-sides", button.dataset.side ?? "");
  sides.querySelectorAll("[data-side]").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
}

export function startEditor(): void {
  document.addEventListener("click", (event) => {
    const pressed = event.target as HTMLElement;
    const mark = pressed.closest<HTMLElement>("[data-mark]");
    const side = pressed.closest<HTMLElement>("[data-side]");
    if (mark) press(mark);
    if (side) showSide(side);
  });
  document.addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    const bar = input.closest<HTMLElement>("[data-bar]");
    const file = input.files?.[0];
    if (!bar || !file) return;
    input.value = "";
    void upload(bar, file);
  });
  document.addEventListener("keydown", (event) => {
    step(event);
    const bar = barOf(event.target);
    const name = KEYS[event.key.toLowerCase()];
    if (!bar || !name || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    change(bar, name);
  });
  for (const kind of ["paste", "drop"] as const) {
    document.addEventListener(kind, (event) => {
      const bar = barOf(event.target);
      const [file] = picturesIn(event instanceof ClipboardEvent ? event.clipboardData : (event as DragEvent).dataTransfer);
      if (!bar || !file) return;
      event.preventDefault();
      void upload(bar, file);
    });
  }
}
