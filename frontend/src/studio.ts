// The studio's own: nothing typed is lost, and saving is one key.
import "./studio.css";
import { startEditor } from "./editor";

const KEPT = "zy-studio-";
let changed = false;

function form(): HTMLFormElement | null {
  return document.querySelector<HTMLFormElement>("form[data-keeps]");
}

function text(within: HTMLFormElement): HTMLTextAreaElement | null {
  return within.querySelector<HTMLTextAreaElement>("textarea[name=body]");
}

/** What this device keeps of a lesson, offered where it isn't what the academy has. */
function offerKept(): void {
  const editor = form();
  const key = editor?.dataset.draft;
  const body = editor && text(editor);
  const offer = editor?.querySelector<HTMLElement>("[data-restore]");
  if (!editor || !key || !body || !offer) return;
  const kept = localStorage.getItem(KEPT + key);
  if (kept === null) return;
  if (kept.trim() === body.value.trim()) {
    localStorage.removeItem(KEPT + key);
    return;
  }
  offer.hidden = false;
  offer.querySelector("[data-restore-take]")?.addEventListener("click", () => {
    body.value = kept;
    body.dispatchEvent(new Event("input", { bubbles: true }));
    offer.hidden = true;
    body.focus();
  });
  offer.querySelector("[data-restore-drop]")?.addEventListener("click", () => {
    localStorage.removeItem(KEPT + key);
    offer.hidden = true;
    body.focus();
  });
}

document.addEventListener("input", (event) => {
  const field = event.target as HTMLInputElement | HTMLTextAreaElement;
  // The form it is sent with: a field may stand inside another one.
  const editor = field.form;
  if (!editor?.matches("[data-keeps]")) return;
  changed = true;
  editor.dataset.changed = "";
  const key = editor.dataset.draft;
  if (key && field instanceof HTMLTextAreaElement) localStorage.setItem(KEPT + key, field.value);
});

document.addEventListener("submit", (event) => {
  // Sent in place it may still be refused: only the answer says that it is saved.
  const sent = event.target as HTMLFormElement;
  if (sent.matches("[data-keeps]") && !sent.hasAttribute("hx-post")) changed = false;
});

document.body.addEventListener("studio:saved", () => {
  const editor = form();
  changed = false;
  delete editor?.dataset.changed;
  if (editor?.dataset.draft) localStorage.removeItem(KEPT + editor.dataset.draft);
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  const editor = form();
  if (!editor) return;
  event.preventDefault();
  const buttons = [...editor.elements].filter((one) => one instanceof HTMLButtonElement);
  editor.requestSubmit(buttons.find((one) => one.type === "submit" && !one.name));
});

addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

document.body.addEventListener("htmx:afterSwap", offerKept);
offerKept();
startEditor();
