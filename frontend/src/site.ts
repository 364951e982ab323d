// Every page's script: in-place changes, the behaviours of components, and what is told to the event log.
import "./site.css";
import htmx from "htmx.org";
import { startBeacon } from "./beacon";
import { watchConsent } from "./consent";
import { sendOnce } from "./once";
import { startParts } from "./parts";
import { watchReading } from "./reading";
import { startSearch } from "./search";
import { watchChoices, watchOffers, watchSlates } from "./slates";
import { payInWechat } from "./wechat";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
// A refused form comes back with its errors in it: show it.
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "4[0-9]{2}", swap: true, error: false },
  { code: "...", swap: false, error: true },
];

/** A request that got no answer is said, not swallowed. */
function sayFailure(): void {
  const template = document.querySelector<HTMLTemplateElement>("#failure-note");
  const place = document.querySelector("#toasts");
  if (template && place) place.replaceChildren(template.content.cloneNode(true));
}

startBeacon();
startParts();
sendOnce();
payInWechat();
watchConsent();
watchReading();
watchChoices();
startSearch();
watchSlates();
watchOffers();
document.body.addEventListener("htmx:afterSettle", (event) => watchSlates(event.target as HTMLElement));
document.body.addEventListener("htmx:sendError", sayFailure);
document.body.addEventListener("htmx:responseError", sayFailure);
