// Sharing a course: copy its link, hand it to the phone's own sheet. Without a script the link stands there to copy.
async function copy(button: HTMLButtonElement, link: HTMLInputElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(link.value);
  } catch {
    // Plain http, or forbidden: select it, so that one key copies.
    link.select();
    return;
  }
  const label = button.querySelector("span");
  const before = label?.textContent ?? "";
  if (!label) return;
  label.textContent = button.dataset.done ?? before;
  window.setTimeout(() => (label.textContent = before), 2000);
}

const place = document.querySelector<HTMLElement>("[data-share]");
const link = document.querySelector<HTMLInputElement>("#share-link");
const copyButton = place?.querySelector<HTMLButtonElement>("[data-share-copy]");
const sendButton = place?.querySelector<HTMLButtonElement>("[data-share-send]");

if (place && link && copyButton) {
  copyButton.hidden = false;
  copyButton.addEventListener("click", () => void copy(copyButton, link));
}
if (place && link && sendButton && typeof navigator.share === "function") {
  sendButton.hidden = false;
  sendButton.addEventListener("click", () => {
    // Closing the sheet without choosing is no failure.
    navigator.share({ title: place.dataset.title, url: link.value }).catch(() => undefined);
  });
}
