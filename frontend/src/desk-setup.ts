// The preview beside the looks form follows what is typed; without it the page shows what was saved.
import "./desk-setup.css";

const form = document.querySelector<HTMLFormElement>("[data-looks]");
const preview = document.querySelector<HTMLElement>("[data-looks-preview]");

form?.addEventListener("input", (event) => {
  const field = event.target as HTMLInputElement;
  if (!preview) return;
  if (field.name === "accent") preview.dataset.accent = field.value;
  const shown = preview.querySelector<HTMLElement>(`[data-looks-${field.name}]`);
  if (shown) shown.textContent = field.value;
});
