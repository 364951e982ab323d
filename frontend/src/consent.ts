// The bar that asks for consent leaves in place: whoever pressed its button goes on in the page, not at its beginning.
export function watchConsent(): void {
  document.body.addEventListener("consent-chosen", () => {
    document.querySelector<HTMLElement>("#content")?.focus({ preventScroll: true });
  });
}
