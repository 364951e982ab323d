// A form is sent once: who clicks twice, or again because nothing seems to happen, does nothing twice.
const AGAIN_AFTER_MS = 10_000;

const sent = new WeakSet<HTMLFormElement>();
const underWay = new WeakSet<HTMLFormElement>();

function buttons(form: HTMLFormElement): HTMLButtonElement[] {
  return [...form.elements].filter((one) => one instanceof HTMLButtonElement && one.type === "submit") as HTMLButtonElement[];
}

/** Ready to be sent again. What was disabled before stays so. */
function release(form: HTMLFormElement): void {
  sent.delete(form);
  form.removeAttribute("aria-busy");
  for (const button of buttons(form)) {
    if (button.dataset.waits === undefined) continue;
    delete button.dataset.waits;
    button.disabled = false;
  }
}

function hold(form: HTMLFormElement): void {
  form.setAttribute("aria-busy", "true");
  for (const button of buttons(form)) {
    if (button.disabled) continue;
    button.dataset.waits = "";
    button.disabled = true;
  }
  // The answer may be a file, or never come: then the page is still here.
  window.setTimeout(() => release(form), AGAIN_AFTER_MS);
}

/** A form that is sent in place, but not one that keeps what is typed: saving it again is what was meant. */
function inPlace(element: EventTarget | null): HTMLFormElement | null {
  const isOne = element instanceof HTMLFormElement && element.hasAttribute("hx-post");
  return isOne && !element.hasAttribute("data-keeps") ? element : null;
}

export function sendOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    // Sent in place by a script, or a question that changes nothing.
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    // Only after the browser has read which button sent it.
    window.setTimeout(() => hold(form));
  });
  document.body.addEventListener("htmx:confirm", (event) => {
    const form = inPlace(event.target);
    if (form && underWay.has(form)) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const form = inPlace(event.target);
    if (form) underWay.add(form);
  });
  // Comes after every answer, also after none.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const form = inPlace(event.target);
    if (form) underWay.delete(form);
  });
  // Back from the next page, this one may be just as it was left.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form").forEach(release);
  });
}
