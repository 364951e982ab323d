// The bar that asks for consent leaves in place: whoever pressed its button goes on in the page, not at its beginning.
// What they accepted, the page tells from then on.
import { watchOffers, watchSlates } from "./slates";

export function watchConsent(): void {
  document.body.addEventListener("consent-chosen", (chosen) => {
    document.querySelector<HTMLElement>("#content")?.focus({ preventScroll: true });
    const said = document.querySelector<HTMLMetaElement>("meta[name='zy-consent']");
    if (said) said.content = (chosen as CustomEvent<{ granted: string }>).detail.granted;
    watchSlates();
    watchOffers();
  });
}
