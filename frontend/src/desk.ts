// The desk's own: its styles, and live parts that rest while nobody looks.
import "./desk-frame.css";
import "./desk.css";
import "./desk-people.css";
import "./desk-flow.css";
import "./desk-stations.css";
import "./desk-follow.css";
import "./desk-searches.css";
import "./desk-collecting.css";
import "./desk-lab.css";
import "./desk-setup";

// A tab in the background asks for nothing; back in front, the next tick brings what came meanwhile.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target as HTMLElement;
  if (document.hidden && part.matches("[hx-trigger^='every']")) event.preventDefault();
});

// One tick for everybody on the page; without a script it isn't shown.
function showTickAll(): void {
  document.querySelectorAll<HTMLInputElement>("[data-tick-all]").forEach((tick) => (tick.hidden = false));
}

document.body.addEventListener("change", (event) => {
  const tick = event.target as HTMLInputElement;
  if (!tick.matches("[data-tick-all]")) return;
  tick.form?.querySelectorAll<HTMLInputElement>("[name='member']").forEach((one) => (one.checked = tick.checked));
});
document.body.addEventListener("htmx:afterSettle", showTickAll);
showTickAll();

// What is shown for copying is chosen whole at the first touch.
document.body.addEventListener("focusin", (event) => {
  const field = event.target as HTMLInputElement;
  if (field.matches("input[readonly]")) field.select();
});
