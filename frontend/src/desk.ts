// The desk's own: its styles, and live parts that rest while nobody looks.
import "./desk-frame.css";
import "./desk.css";

// A tab in the background asks for nothing; back in front, the next tick brings what came meanwhile.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target as HTMLElement;
  if (document.hidden && part.matches("[hx-trigger^='every']")) event.preventDefault();
});
